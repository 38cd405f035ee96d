package io.refmesh.chaos.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.sun.net.httpserver.HttpServer;
import io.refmesh.chaos.expect.Expression;
import io.refmesh.chaos.expect.Figures;
import io.refmesh.chaos.verdict.Result;
import io.refmesh.chaos.verdict.Timeline;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One sidecar and one application on real sockets, whose pages the test writes. */
final class ObserverTest {

  private static final long SECOND = 1_000_000;

  @TempDir private Path folder;

  private final Map<String, String> pages = new ConcurrentHashMap<>();
  private final Map<String, Integer> asked = new ConcurrentHashMap<>();
  private HttpServer server;
  private Path record;
  private Observer observer;
  private long nowMicros = 100 * SECOND;

  @BeforeEach
  void start() throws Exception {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          asked.merge(exchange.getRequestURI().getPath(), 1, Integer::sum);
          String page = pages.get(exchange.getRequestURI().getPath());
          byte[] bytes = page == null ? new byte[0] : page.getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(
              page == null ? 404 : 200, bytes.length == 0 ? -1 : bytes.length);
          exchange.getResponseBody().write(bytes);
          exchange.close();
        });
    server.start();
    record = folder.resolve("requests.tsv");
    String base = baseUrl();
    observer =
        new Observer(
            List.of(
                new SidecarTarget("shop/load-0", "load", base + "/load"),
                new SidecarTarget("shop/cart-0", "cart", base + "/cart")),
            List.of(new AppTarget("shop/cart-0", "cart", base + "/app")),
            record,
            () -> Instant.EPOCH.plusNanos(nowMicros * 1_000));
    pages.put("/load/metrics", "");
    pages.put("/cart/metrics", "");
    pages.put("/app/record", shop(0, 0));
  }

  private String baseUrl() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  private int asked(String path) {
    return asked.getOrDefault(path, 0);
  }

  @AfterEach
  void stop() {
    observer.close();
    server.stop(0);
  }

  @Test
  void countsRequestsByTheirIntendedStart() throws Exception {
    Moment from = observer.mark();
    line("browse", 0, 99 * SECOND, 100 * SECOND, "ok", 200, "-");
    line("browse", 1, 100 * SECOND, 100 * SECOND + 20_000, "ok", 200, "-");
    line("browse", 2, 101 * SECOND, 101 * SECOND + 40_000, "http", 504, "request-timeout");
    line("other", 0, 101 * SECOND, 101 * SECOND + 10_000, "ok", 200, "-");
    nowMicros = 102 * SECOND;
    Figures figures = observer.figures(from, observer.mark(), Duration.ZERO, Optional.empty());

    assertThat(value(figures, "client.browse.requests")).isEqualTo(2);
    assertThat(value(figures, "client.browse.errors")).isEqualTo(1);
    assertThat(value(figures, "client.browse.errorRate")).isEqualTo(0.5);
    assertThat(value(figures, "client.browse.status.504")).isEqualTo(1);
    assertThat(value(figures, "client.browse.error.request-timeout")).isEqualTo(1);
    assertThat(value(figures, "client.browse.max")).isEqualTo(40);
    assertThat(value(figures, "seconds")).isCloseTo(2, within(0.001));
    assertThat(figures.figure("client.gone.p99")).isEmpty();
    Figures skipping =
        observer.figures(from, observer.mark(), Duration.ofMillis(500), Optional.of(figures));
    assertThat(value(skipping, "client.browse.requests")).isEqualTo(1);
    assertThat(value(skipping, "before.client.browse.requests")).isEqualTo(2);
  }

  @Test
  void whoLeftIsReadUntilItAnswersNoMoreAndItsLastReadingStays() throws Exception {
    Moment from = observer.mark();
    observer.left(List.of(), List.of(new AppTarget("shop/cart-0", "cart", baseUrl() + "/app")));
    pages.put("/app/record", shop(3, 3));
    observer.mark();
    int before = asked("/app/record");
    pages.remove("/app/record");
    for (int i = 0; i < 5; i++) {
      observer.mark();
    }
    assertThat(asked("/app/record") - before).isEqualTo(2);
    assertThat(
            value(
                observer.figures(from, observer.mark(), Duration.ZERO, Optional.empty()),
                "server.cart.requests"))
        .isEqualTo(3);
  }

  @Test
  void whoIsSilentButDidNotLeaveIsAskedAgain() throws Exception {
    pages.remove("/app/record");
    for (int i = 0; i < 5; i++) {
      observer.mark();
    }
    assertThat(asked("/app/record")).isEqualTo(5);
  }

  @Test
  void noticesRequestsThatNeverEnded() throws Exception {
    Moment from = observer.mark();
    line("browse", 5, 100 * SECOND, 100 * SECOND + 1_000, "ok", 200, "-");
    line("browse", 7, 101 * SECOND, 101 * SECOND + 1_000, "ok", 200, "-");
    line("browse", 8, 101 * SECOND + 1, 101 * SECOND + 1_000, "timeout", 0, "-");
    nowMicros = 102 * SECOND;
    assertThat(
            value(
                observer.figures(from, observer.mark(), Duration.ZERO, Optional.empty()),
                "client.browse.unfinished"))
        .isEqualTo(2);
  }

  @Test
  void readsOnlyWholeLinesOfARecordThatIsBeingWritten() throws Exception {
    Moment from = observer.mark();
    line("browse", 0, 100 * SECOND, 100 * SECOND + 1_000, "ok", 200, "-");
    Files.writeString(record, "browse\tb-1\t1010", StandardOpenOption.APPEND);
    nowMicros = 102 * SECOND;
    assertThat(
            value(
                observer.figures(from, observer.mark(), Duration.ZERO, Optional.empty()),
                "client.browse.requests"))
        .isEqualTo(1);
  }

  @Test
  void takesTheGrowthOfCountersAlsoOverARestart() throws Exception {
    pages.put("/load/metrics", "retry_total{reason=\"reset\"} 10\n");
    Moment from = observer.mark();
    pages.put("/load/metrics", "retry_total{reason=\"reset\"} 14\n");
    Moment middle = observer.mark();
    pages.put("/load/metrics", "retry_total{reason=\"reset\"} 3\n");
    Moment to = observer.mark();
    assertThat(value(figures(from, middle), "mesh.retry_total{workload=load}")).isEqualTo(4);
    assertThat(value(figures(middle, to), "mesh.retry_total{reason=reset}")).isEqualTo(3);
    assertThat(value(figures(middle, to), "mesh.retry_total{reason=other}")).isZero();
    assertThat(value(figures(from, to), "gauge.retry_total{workload=load}")).isEqualTo(3);
  }

  @Test
  void keepsTheLastReadingOfWhatIsGone() throws Exception {
    pages.put("/app/record", shop(5, 0));
    Moment from = observer.mark();
    pages.put("/app/record", shop(9, 1));
    observer.mark();
    pages.remove("/app/record");
    assertThat(value(figures(from, observer.mark()), "server.cart.requests")).isEqualTo(4);
    assertThat(value(figures(from, observer.mark()), "server.cart.duplicates")).isEqualTo(1);
  }

  @Test
  void tellsHowLongItTookUntilAConditionHeld() throws Exception {
    Moment since = observer.mark();
    pages.put("/load/metrics", "ejections_total{target_addr=\"a\"} 1\n");
    nowMicros += 3 * SECOND / 2;
    Expression ejected = Expression.parseCondition("mesh.ejections_total{workload=load} >= 1");
    assertThat(observer.firstTrue(ejected, since, Duration.ofSeconds(3)))
        .contains(Duration.ofMillis(1500));
    nowMicros += 10 * SECOND;
    Expression never = Expression.parseCondition("mesh.ejections_total{workload=load} >= 2");
    assertThat(observer.firstTrue(never, since, Duration.ofSeconds(3))).isEmpty();
  }

  @Test
  void sortsRequestsIntoBins() throws Exception {
    line("browse", 0, 100 * SECOND, 100 * SECOND + 10_000, "ok", 200, "-");
    line("browse", 1, 100 * SECOND + 499_000, 100 * SECOND + 519_000, "http", 503, "-");
    line("browse", 2, 100 * SECOND + 500_000, 100 * SECOND + 530_000, "ok", 200, "-");
    assertThat(observer.bins(100_000))
        .containsExactly(
            new Timeline.Bin("browse", 0, 2, 1, 10, 20, 20),
            new Timeline.Bin("browse", 500, 1, 0, 30, 30, 30));
  }

  @Test
  void agreesWhenAllThreeSidesCountedTheSame() throws Exception {
    Moment from = observer.mark();
    line("add", 0, 100 * SECOND, 100 * SECOND + 1_000, "ok", 200, "-");
    line("add", 1, 100 * SECOND, 100 * SECOND + 1_000, "http", 403, "denied");
    pages.put("/load/metrics", outbound(2, 1, 1));
    pages.put("/cart/metrics", inbound(2, 1));
    pages.put("/app/record", shop(1, 0));
    assertThat(observer.countersAgree(from, observer.mark(), target()).result())
        .isEqualTo(Result.PASSED);
  }

  @Test
  void failsOnASingleRequestThatOneSideDidNotCount() throws Exception {
    Moment from = observer.mark();
    line("add", 0, 100 * SECOND, 100 * SECOND + 1_000, "ok", 200, "-");
    line("add", 1, 100 * SECOND, 100 * SECOND + 1_000, "ok", 200, "-");
    pages.put("/load/metrics", outbound(2, 2, 0));
    pages.put("/cart/metrics", inbound(2, 0));
    pages.put("/app/record", shop(1, 0));
    var verdict = observer.countersAgree(from, observer.mark(), target());
    assertThat(verdict.result()).isEqualTo(Result.FAILED);
    assertThat(verdict.observed()).contains("called sidecars let through 2", "applications 1");
  }

  @Test
  void neverAgreesOnNothing() throws Exception {
    Moment now = observer.mark();
    assertThat(observer.countersAgree(now, now, List.of()).result()).isEqualTo(Result.FAILED);
  }

  private static List<LoadTarget> target() {
    return List.of(new LoadTarget("add", "shop/cart", List.of("cart")));
  }

  private Figures figures(Moment from, Moment to) {
    return observer.figures(from, to, Duration.ZERO, Optional.empty());
  }

  private static double value(Figures figures, String name) {
    return figures.figure(name).orElseThrow(() -> new AssertionError(name + " was not measured"));
  }

  private void line(
      String stream,
      long number,
      long intended,
      long end,
      String outcome,
      int status,
      String meshError)
      throws Exception {
    String text =
        String.join(
            "\t",
            List.of(
                stream,
                stream + "-" + number,
                Long.toString(intended),
                Long.toString(intended),
                Long.toString(end),
                outcome,
                Integer.toString(status),
                "cart-0",
                "v1",
                "-",
                "1",
                meshError,
                "0",
                "-"));
    Files.writeString(record, text + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  private static String outbound(int requests, int ok, int denied) {
    String labels = "direction=\"outbound\",dst_namespace=\"shop\",dst_service=\"cart\"";
    return "request_total{"
        + labels
        + "} "
        + requests
        + "\n"
        + "response_total{"
        + labels
        + ",status_code=\"200\",classification=\"success\"} "
        + ok
        + "\n"
        + "response_total{"
        + labels
        + ",status_code=\"403\",classification=\"success\"} "
        + denied
        + "\n";
  }

  private static String inbound(int requests, int denied) {
    return "request_total{direction=\"inbound\"} "
        + requests
        + "\n"
        + "response_total{direction=\"inbound\",error=\"denied\"} "
        + denied
        + "\n";
  }

  private static String shop(int started, int duplicated) {
    return "{\"requests\":{\"started\":"
        + started
        + "},\"effects\":{\"duplicated\":"
        + duplicated
        + "}}";
  }
}
