package io.refmesh.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.model.wire.v1.TapEvent;
import org.junit.jupiter.api.Test;

final class TapLinesTest {

  private static final TapEvent REQUEST =
      TapEvent.newBuilder()
          .setId(7)
          .setRequest(
              TapEvent.RequestInit.newBuilder()
                  .setDirection("inbound")
                  .setClient("127.0.0.1:5000")
                  .setClientIdentity("spiffe://cluster.local/ns/shop/sa/web")
                  .setMethod("GET")
                  .setScheme("http")
                  .setAuthority("cart.shop")
                  .setPath("/items?token=REDACTED")
                  .setVersion("HTTP/1.1")
                  .addHeaders(TapEvent.Header.newBuilder().setName("accept").setValue("a"))
                  .addHeaders(TapEvent.Header.newBuilder().setName("accept").setValue("b")))
          .build();

  private static final TapEvent RESPONSE =
      TapEvent.newBuilder()
          .setId(7)
          .setResponse(
              TapEvent.ResponseInit.newBuilder().setStatus(503).setSinceRequestMicros(1_500))
          .build();

  private static final TapEvent END =
      TapEvent.newBuilder()
          .setId(7)
          .setMissed(2)
          .setEnd(
              TapEvent.End.newBuilder()
                  .setSinceRequestMicros(2_500)
                  .setResponseBytes(5)
                  .setStatus("503")
                  .setError("no-endpoints")
                  .setTries(2))
          .build();

  @Test
  void writesLinesInLinkerdsFormForPeople() {
    assertThat(TapLines.text("shop/cart-0", REQUEST))
        .isEqualTo(
            "req id=shop/cart-0:7 proxy=in src=127.0.0.1:5000"
                + " client_id=spiffe://cluster.local/ns/shop/sa/web :method=GET"
                + " :authority=cart.shop :path=/items?token=REDACTED");
    assertThat(TapLines.text("shop/cart-0", RESPONSE))
        .isEqualTo("rsp id=shop/cart-0:7 :status=503 latency=1500µs");
    assertThat(TapLines.text("shop/cart-0", END))
        .isEqualTo(
            "end id=shop/cart-0:7 duration=2500µs response-length=5B status=503 dst=- tries=2"
                + " error=no-endpoints");
  }

  @Test
  void writesAnObjectALineForPrograms() {
    assertThat(TapLines.json("shop/cart-0", REQUEST))
        .startsWith("{\"instance\":\"shop/cart-0\",\"id\":7,\"missed\":0,\"event\":\"request\"")
        .contains("\"method\":\"GET\"", "\"headers\":{\"accept\":\"a, b\"}")
        .doesNotContain("\n");
    assertThat(TapLines.json("shop/cart-0", RESPONSE))
        .contains("\"event\":\"response\"", "\"status\":503", "\"since_request_ms\":1.5");
    assertThat(TapLines.json("shop/cart-0", END))
        .contains("\"event\":\"end\"", "\"missed\":2", "\"error\":\"no-endpoints\"");
  }
}
