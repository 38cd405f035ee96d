package io.refmesh.local.conformance;

import static io.refmesh.local.conformance.Call.grpc;
import static io.refmesh.local.conformance.Call.to;
import static io.refmesh.local.conformance.MeshUnderTest.CONSUMERS;
import static io.refmesh.local.conformance.MeshUnderTest.HTTP;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What Gateway API says and its suite does not look at: backends that are missing or have nobody,
 * conditions for each parent, how soon a route holds, and that no request is lost meanwhile.
 */
@Tag("conformance")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(300)
class StrictConformanceTest {

  private static final long WITHIN_NANOS = TimeUnit.SECONDS.toNanos(30);
  private static final int FLIPS = 100;

  /** Of a route from the file to the callers; the suite itself waits for 30 s. */
  private static final long CONVERGED_MILLIS = 2_000;

  private MeshUnderTest mesh;

  @BeforeAll
  void start(@TempDir Path scratch) throws Exception {
    MeshConformanceTest.requireJars();
    mesh = LocalMeshUnderTest.start(MeshConformanceTest.ROOT, scratch);
  }

  @AfterAll
  void stop() throws IOException {
    if (mesh != null) {
      mesh.close();
    }
  }

  @Test
  void aBackendThatDoesNotExistIsAnsweredWith500() throws IOException {
    applyStrict();
    assertThat(mesh.call(to("echo", HTTP, "/missing")).status()).isEqualTo(500);
    assertThat(mesh.call(to("echo", HTTP, "/none")).status()).isEqualTo(500);
  }

  @Test
  void itsShareIsAnsweredWith500AndTheRestIsNot() throws IOException {
    applyStrict();
    int failed = 0;
    for (int index = 0; index < 400; index++) {
      Answer answer = mesh.call(to("echo", HTTP, "/half"));
      assertThat(answer.status()).isIn(200, 500);
      failed += answer.status() == 500 ? 1 : 0;
    }
    assertThat(failed).isBetween(140, 260);
  }

  @Test
  void onesOfWeightZeroAreNotMissed() throws IOException {
    applyStrict();
    for (int index = 0; index < 100; index++) {
      assertThat(mesh.call(to("echo", HTTP, "/unused")).backend()).isEqualTo("echo-v1");
    }
  }

  @Test
  void aBackendWithoutEndpointsIsAnsweredWith503() throws IOException {
    applyStrict();
    assertThat(mesh.call(to("echo", HTTP, "/nobody")).status()).isEqualTo(503);
  }

  @Test
  void whatNoRuleMatchesIsAnsweredWith404() throws IOException {
    applyStrict();
    assertThat(mesh.call(to("echo", HTTP, "/elsewhere")).status()).isEqualTo(404);
  }

  @Test
  void theRouteOfTheCallersNamespaceTakesThePlaceOfTheServices() throws IOException {
    applyStrict();
    Answer own = mesh.call(to("echo-v1", HTTP, "/"));
    assertThat(own.headers()).containsEntry("x-routed", "by-the-producer");
    assertThat(own.backend()).isEqualTo("echo-v1");
    Answer consumer = mesh.call(to("echo-v1", HTTP, "/").from(CONSUMERS + "/echo-v1"));
    assertThat(consumer.headers()).containsEntry("x-routed", "by-the-consumer");
    assertThat(consumer.backend()).isEqualTo("echo-v2");
  }

  @Test
  void aGrpcRouteWinsOverAnHttpRouteForItsPort() throws IOException {
    applyStrict();
    assertThat(mesh.call(grpc("echo")).backend()).isEqualTo("echo-v2");
  }

  @Test
  void everyParentHasItsConditions() throws IOException {
    applyStrict();
    assertThat(mesh.conditions("HTTPRoute", "mesh/good"))
        .isEqualTo(
            Map.of("mesh/echo-v2:8000", "Accepted=True Accepted, ResolvedRefs=True ResolvedRefs"));
    String unresolved = ", ResolvedRefs=False BackendNotFound";
    assertThat(mesh.conditions("HTTPRoute", "mesh/backends"))
        .isEqualTo(
            Map.of(
                "mesh/echo:8000",
                "Accepted=True Accepted" + unresolved,
                "mesh/echo:9999",
                "Accepted=False NoMatchingParent" + unresolved,
                "mesh/not-there",
                "Accepted=False NoMatchingParent" + unresolved));
    assertThat(mesh.conditions("HTTPRoute", "mesh/loses-to-grpc"))
        .hasEntrySatisfying(
            "mesh/echo:7070", conditions -> assertThat(conditions).startsWith("Accepted=False"));
    assertThat(mesh.conditions("GRPCRoute", "mesh/grpc-wins"))
        .isEqualTo(
            Map.of("mesh/echo:7070", "Accepted=True Accepted, ResolvedRefs=True ResolvedRefs"));
  }

  @Test
  void routesHoldSoonAndNoRequestIsLostWhileTheyFlip() throws Exception {
    mesh.apply(toward("echo-v1"));
    until("echo-v1");
    AtomicBoolean ended = new AtomicBoolean();
    AtomicInteger answered = new AtomicInteger();
    List<String> lost = Collections.synchronizedList(new ArrayList<>());
    Thread load =
        Thread.ofVirtual()
            .start(() -> {
              while (!ended.get()) {
                try {
                  Answer answer = mesh.call(to("echo", HTTP, "/load"));
                  answered.incrementAndGet();
                  if (answer.status() != 200) {
                    lost.add(answer.status() + " " + answer.body());
                  }
                } catch (IOException e) {
                  lost.add(String.valueOf(e.getMessage()));
                }
              }
            });
    List<Long> took = new ArrayList<>();
    for (int flip = 1; flip <= FLIPS; flip++) {
      String next = flip % 2 == 0 ? "echo-v1" : "echo-v2";
      long began = System.nanoTime();
      mesh.apply(toward(next));
      until(next);
      took.add(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began));
    }
    ended.set(true);
    load.join();
    took.sort(null);
    System.out.printf(
        "a route holds after: p50 %d ms, p99 %d ms, most %d ms, of %d; %d requests meanwhile, %d"
            + " lost%n",
        took.get(FLIPS / 2),
        took.get(FLIPS * 99 / 100 - 1),
        took.getLast(),
        FLIPS,
        answered.get(),
        lost.size());
    assertThat(lost).as("of %d requests", answered.get()).isEmpty();
    assertThat(answered.get()).isGreaterThan(FLIPS);
    assertThat(took.get(FLIPS * 99 / 100 - 1)).isLessThanOrEqualTo(CONVERGED_MILLIS);
  }

  /** All routes of the file hold when the last of them does: one state holds all of a file. */
  private void applyStrict() throws IOException {
    mesh.apply(MeshConformanceTest.routes("strict"));
    long end = System.nanoTime() + WITHIN_NANOS;
    while (mesh.conditions("GRPCRoute", "mesh/grpc-wins").isEmpty()
        || !mesh.call(to("echo", HTTP, "/unused")).backend().equals("echo-v1")
        || mesh.call(to("echo", HTTP, "/missing")).status() == 200
        || !mesh.call(grpc("echo")).backend().equals("echo-v2")
        || !mesh.call(to("echo-v1", HTTP, "/").from(CONSUMERS + "/echo-v1"))
            .headers()
            .containsKey("x-routed")) {
      assertThat(System.nanoTime() - end).as("ns past the time to converge").isNegative();
    }
  }

  private void until(String backend) throws IOException {
    long end = System.nanoTime() + WITHIN_NANOS;
    while (!mesh.call(to("echo", HTTP, "/")).backend().equals(backend)) {
      assertThat(System.nanoTime() - end).as("ns past the time to converge").isNegative();
    }
  }

  private static String toward(String backend) {
    return """
    apiVersion: gateway.networking.k8s.io/v1
    kind: HTTPRoute
    metadata: {name: flip, namespace: mesh}
    spec:
      parentRefs: [{group: "", kind: Service, name: echo, port: 8000}]
      rules:
      - backendRefs: [{name: %s, port: 8080}]
    """
        .formatted(backend);
  }
}
