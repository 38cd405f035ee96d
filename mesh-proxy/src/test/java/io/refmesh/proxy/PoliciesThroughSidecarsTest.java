package io.refmesh.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.policy.RateLimit;
import io.refmesh.model.policy.Timeouts;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What limits and breaks requests, seen by real clients through a pair of sidecars. */
class PoliciesThroughSidecarsTest {

  private final TestMesh mesh = new TestMesh();
  private final TestApplication application = new TestApplication();
  private final TestMesh.Sidecar cart = mesh.of("cart", application.address(), AppProtocol.HTTP);
  private final TestMesh.Sidecar web = mesh.caller("web").start();
  private final TestMesh.Sidecar batch = mesh.caller("batch").start();
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  @AfterEach
  void close() {
    client.close();
    mesh.close();
    application.close();
  }

  @Test
  void refusesWhatIsTooManyAndSaysWhenToComeAgain() throws Exception {
    cart.limit(
            new RateLimit(
                Optional.empty(), Optional.of(new RateLimit.Rate("shop/cart", 1, 2)), List.of()))
        .start();
    HostPort listener = web.calls(toCart());

    assertThat(get(listener).statusCode()).isEqualTo(200);
    assertThat(get(listener).statusCode()).isEqualTo(200);
    HttpResponse<String> refused = get(listener);

    assertThat(refused.statusCode()).isEqualTo(429);
    assertThat(refused.headers().firstValue("retry-after")).contains("1");
    assertThat(refused.headers().firstValue("x-mesh-error")).contains("rate-limited");
    assertThat(refused.body())
        .contains(
            "policy shop/cart: 1 requests per second for spiffe://cluster.local/ns/shop/sa/web");
    assertThat(application.requests).hasValue(2);
    assertThat(cart.count("rate_limited_total", "policy=\"shop/cart\"", "limit=\"identity\""))
        .isEqualTo(1);
    assertThat(cart.count("response_total", "status_code=\"429\"", "error=\"rate-limited\""))
        .isEqualTo(1);
    assertThat(web.count("response_total", "status_code=\"429\"", "error=\"rate-limited\""))
        .isEqualTo(1);
    assertThat(cart.admin("/config")).contains("\"perIdentity\"").contains("\"shop/cart\"");

    assertThat(get(batch.calls(toCart())).statusCode()).as("another identity").isEqualTo(200);
  }

  private io.refmesh.model.discovery.Destination toCart() {
    return TestMesh.destination(
        cart.service(), AppProtocol.HTTP, Timeouts.NONE, null, List.of(cart.endpoint()));
  }

  private HttpResponse<String> get(HostPort listener) throws Exception {
    return client.send(
        HttpRequest.newBuilder(URI.create("http://" + listener + "/")).build(),
        HttpResponse.BodyHandlers.ofString());
  }
}
