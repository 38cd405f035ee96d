package io.refmesh.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.testkit.acceptance.Acceptance;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A mesh of real processes whose control plane is killed. What could end a call within ten minutes
 * of that has a timer, and each is crossed: certificates are to be renewed every twelve seconds, a
 * service that nobody calls is given back after five with its connections, and the control plane is
 * tried again every three at most.
 */
@Tag("load")
@Timeout(200)
final class AwayControlPlaneTest {

  private static final Duration EVERY = Duration.ofMillis(20);
  private static final int WARM = 100;
  private static final Duration AWAY = Duration.ofSeconds(45);

  /** Longer than a service is kept without a caller. */
  private static final Duration SELDOM = Duration.ofSeconds(7);

  private static final String RENEW_OFTEN =
      """
      ---
      apiVersion: refmesh.io/v1alpha1
      kind: MeshConfig
      metadata: {name: mesh, namespace: refmesh-system}
      spec:
        identity: {leafLifetime: 120s, renewAt: 10}
      """;

  @TempDir private Path folder;

  @Test
  @Acceptance(155)
  void establishedPairsLoseNoRequestWithoutTheControlPlane() throws Exception {
    try (RealMesh mesh = RealMesh.start(folder, RENEW_OFTEN);
        HttpClient client = HttpClient.newHttpClient();
        SteadyCalls calls = new SteadyCalls(mesh.url(RealMesh.WEB, "shop/cart"), EVERY)) {
      String seldom = mesh.url("shop/cart-0", "shop/web");
      assertThat(RealMesh.status(seldom)).isEqualTo(200);
      Thread.sleep(SELDOM.toMillis());
      while (calls.goodInARow() < WARM) {
        Thread.sleep(10);
      }
      int before = calls.failures().size();
      double failedRenewals = renewalsThatFailed(mesh, client);

      mesh.mesh.killControlPlane();
      for (Duration passed = Duration.ZERO;
          passed.compareTo(AWAY) < 0;
          passed = passed.plus(SELDOM)) {
        assertThat(RealMesh.status(seldom)).as("a pair that calls now and then").isEqualTo(200);
        Thread.sleep(SELDOM.toMillis());
      }

      assertThat(gauge(mesh, client, "control_connected")).isZero();
      assertThat(renewalsThatFailed(mesh, client)).isGreaterThan(failedRenewals);
      assertThat(calls.failures().subList(before, calls.failures().size())).isEmpty();
      // Only the control plane could tell this one, which never called before, where web is.
      assertThat(RealMesh.status(mesh.url("shop/cart-1", "shop/web"))).isEqualTo(503);

      mesh.mesh.startControlPlane();
      while (gauge(mesh, client, "control_connected") < 1) {
        Thread.sleep(50);
      }
      assertThat(RealMesh.status(mesh.url("shop/cart-1", "shop/web"))).isEqualTo(200);
      assertThat(calls.failures()).hasSize(before);
    }
  }

  private static double renewalsThatFailed(RealMesh mesh, HttpClient client) throws Exception {
    return gauge(mesh, client, "certificate_renewals_total{result=\"failure\"");
  }

  /** The sum of the series that begin so, of web's sidecar. */
  private static double gauge(RealMesh mesh, HttpClient client, String series) throws Exception {
    URI metrics = URI.create(mesh.instance(RealMesh.WEB).admin() + "/metrics");
    return client
        .send(HttpRequest.newBuilder(metrics).build(), HttpResponse.BodyHandlers.ofString())
        .body()
        .lines()
        .filter(line -> line.startsWith(series))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }
}
