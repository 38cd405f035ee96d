package io.refmesh.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.policy.Timeouts;
import io.refmesh.testkit.acceptance.Acceptance;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A sidecar that leaves loses nothing. */
class DrainThroughSidecarsTest {

  private final TestMesh mesh = new TestMesh();
  private final TestApplication first = new TestApplication();
  private final TestApplication second = new TestApplication();
  private final TestMesh.Sidecar cart0 = mesh.of("cart", first.address(), AppProtocol.HTTP).start();
  private final TestMesh.Sidecar cart1 =
      mesh.of("cart", second.address(), AppProtocol.HTTP).start();
  private final TestMesh.Sidecar web = mesh.caller("web").start();
  private final ServicePort cart = new ServicePort("shop", "cart", 8080);
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  @AfterEach
  void close() {
    client.close();
    mesh.close();
    first.close();
    second.close();
  }

  @Test
  void losesNothingUnderLoad() throws Exception {
    HostPort listener = web.calls(to(cart0.endpoint(), cart1.endpoint()));
    AtomicBoolean stop = new AtomicBoolean();
    Queue<String> failures = new ConcurrentLinkedQueue<>();
    AtomicInteger answers = new AtomicInteger();
    List<CompletableFuture<Void>> load =
        List.of(load(listener, stop, failures, answers), load(listener, stop, failures, answers));
    Eventually.holds(() -> answers.get() > 50);

    CompletableFuture<Void> drained = cart0.proxy.drain().toCompletableFuture();
    // What the control plane does when readiness goes.
    web.control().destination(to(cart1.endpoint()));
    assertThat(cart0.admin("/ready")).startsWith("503").contains("draining");
    drained.get(5, TimeUnit.SECONDS);
    cart0.close();
    int seen = answers.get();
    Eventually.holds(() -> answers.get() > seen + 50);
    stop.set(true);
    load.forEach(CompletableFuture::join);

    assertThat(failures).isEmpty();
    assertThat(first.requests.get() + second.requests.get()).isEqualTo(answers.get());
  }

  @Test
  @Acceptance(140)
  void finishesWhatIsInFlight() throws Exception {
    CountDownLatch arrived = new CountDownLatch(1);
    CountDownLatch release = new CountDownLatch(1);
    first.behave(exchange -> {
      arrived.countDown();
      try {
        release.await(5, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      TestApplication.status(200).answer(exchange);
    });
    HostPort listener = web.calls(to(cart0.endpoint()));
    CompletableFuture<HttpResponse<String>> answer =
        client.sendAsync(request(listener), HttpResponse.BodyHandlers.ofString());
    arrived.await();

    CompletableFuture<Void> drained = cart0.proxy.drain().toCompletableFuture();
    Eventually.holds(() -> refuses(new HostPort(cart0.inbound, first.address().port())));
    assertThat(drained).isNotDone();
    release.countDown();

    assertThat(answer.get(5, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
    drained.get(5, TimeUnit.SECONDS);
  }

  @Test
  void theCallersSidecarFinishesItsCalls() throws Exception {
    HostPort listener = web.calls(to(cart0.endpoint()));
    assertThat(client.send(request(listener), HttpResponse.BodyHandlers.ofString()).statusCode())
        .isEqualTo(200);
    // The client keeps its connection open, idle.
    web.proxy.drain().toCompletableFuture().get(5, TimeUnit.SECONDS);
  }

  private static boolean refuses(HostPort address) {
    try (java.net.Socket socket = new java.net.Socket(address.host(), address.port())) {
      return !socket.isConnected();
    } catch (java.io.IOException e) {
      return true;
    }
  }

  private CompletableFuture<Void> load(
      HostPort listener, AtomicBoolean stop, Queue<String> failures, AtomicInteger answers) {
    return CompletableFuture.runAsync(() -> {
      while (!stop.get()) {
        try {
          HttpResponse<String> answer =
              client.send(request(listener), HttpResponse.BodyHandlers.ofString());
          if (answer.statusCode() != 200) {
            failures.add(answer.statusCode() + " " + answer.body());
          }
        } catch (Exception e) {
          failures.add(e.toString());
        }
        answers.incrementAndGet();
      }
    });
  }

  private static HttpRequest request(HostPort listener) {
    return HttpRequest.newBuilder(URI.create("http://" + listener + "/"))
        .timeout(Duration.ofSeconds(10))
        .build();
  }

  private io.refmesh.model.discovery.Destination to(EndpointSpec... endpoints) {
    return TestMesh.destination(cart, AppProtocol.HTTP, Timeouts.NONE, null, List.of(endpoints));
  }
}
