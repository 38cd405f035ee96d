package io.refmesh.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.policy.InboundPolicy;
import io.refmesh.model.policy.Timeouts;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * What a request costs in garbage: bytes that the event loops of a pair of sidecars allocate for a
 * small one, codecs of both protocols included. A range, so that a leak of copies or a look-up by
 * string shows, and a measurement that measures nothing, too.
 */
class AllocationGuardTest {

  private static final int WARM_UP = 300;
  private static final int COUNTED = 500;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  @Test
  void aSmallRequestCostsThePairOfSidecarsABoundedAmountOfGarbage() throws Exception {
    try (TestMesh mesh = new TestMesh();
        TestApplication application = new TestApplication();
        HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      TestMesh.Sidecar cart =
          mesh.of("cart", application.address(), AppProtocol.HTTP)
              .allow(InboundPolicy.Default.CLUSTER_AUTHENTICATED)
              .start();
      TestMesh.Sidecar web = mesh.caller("web").start();
      HostPort listener =
          web.calls(
              TestMesh.destination(
                  cart.service(), AppProtocol.HTTP, Timeouts.NONE, null, List.of(cart.endpoint())));
      send(client, listener, WARM_UP);

      long before = allocatedByEventLoops();
      send(client, listener, COUNTED);
      long each = (allocatedByEventLoops() - before) / COUNTED;

      assertThat(each).as("bytes per request, both sidecars").isBetween(5_000L, 15_000L);
    }
  }

  private static void send(HttpClient client, HostPort listener, int count) throws Exception {
    HttpRequest request = HttpRequest.newBuilder(URI.create("http://" + listener + "/")).build();
    for (int i = 0; i < count; i++) {
      HttpResponse<Void> answer = client.send(request, HttpResponse.BodyHandlers.discarding());
      assertThat(answer.statusCode()).isEqualTo(200);
    }
  }

  /** Traffic of the test's own client and application runs on other threads. */
  private static long allocatedByEventLoops() {
    return Arrays.stream(THREADS.getAllThreadIds())
        .filter(id -> {
          var info = THREADS.getThreadInfo(id);
          return info != null && info.getThreadName().startsWith("traffic-");
        })
        .map(THREADS::getThreadAllocatedBytes)
        .sum();
  }
}
