package io.refmesh.shop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class DrainTest {
  private static final String SLOW = "{\"rules\":[{\"latency\":{\"fixedMs\":150}}]}";

  @Test
  void idleConnectionsCloseAndRequestsInFlightAreAnswered() throws Exception {
    try (RunningShop shop = RunningShop.behaving(SLOW);
        RawConnection idle = new RawConnection(shop.connect());
        RawConnection silent = new RawConnection(shop.connect());
        RawConnection busy = new RawConnection(shop.connect())) {
      idle.get("/items/1").head();
      idle.until("}");
      busy.get("/items/1");
      shop.record(r -> r.path("requests").path("inFlight").asInt() == 1);
      CompletableFuture<Void> drained = shop.beginDrain();
      assertThat(idle.rest()).isEmpty();
      assertThat(silent.rest()).isEmpty();
      assertThat(busy.head()).startsWith("HTTP/1.1 200").contains("connection: close");
      assertThat(busy.rest()).isNotEmpty();
      drained.get(10, TimeUnit.SECONDS);
      assertThatThrownBy(shop::connect).isInstanceOf(ConnectException.class);
    }
  }

  @Test
  void whatHangsIsResetAtOnce() throws Exception {
    try (RunningShop shop = RunningShop.behaving("{\"rules\":[{\"hang\":true}]}");
        RawConnection hanging = new RawConnection(shop.connect())) {
      hanging.get("/items/1");
      shop.record(r -> r.path("requests").path("inFlight").asInt() == 1);
      CompletableFuture<Void> drained = shop.beginDrain();
      assertThatThrownBy(hanging::rest).isInstanceOf(SocketException.class);
      drained.get(10, TimeUnit.SECONDS);
    }
  }

  @Test
  void whatTakesTooLongIsResetWhenTheTimeIsUp() throws Exception {
    Map<String, String> environment =
        Map.of(
            "DRAIN_TIMEOUT_MS",
            "100",
            "BEHAVIOUR",
            "{\"rules\":[{\"latency\":{\"fixedMs\":60000}}]}");
    try (RunningShop shop = RunningShop.of("catalog", environment);
        RawConnection slow = new RawConnection(shop.connect())) {
      slow.get("/items/1");
      shop.record(r -> r.path("requests").path("inFlight").asInt() == 1);
      CompletableFuture<Void> drained = shop.beginDrain();
      assertThatThrownBy(slow::rest).isInstanceOf(IOException.class);
      drained.get(10, TimeUnit.SECONDS);
    }
  }
}
