package io.refmesh.chaos.run;

import io.refmesh.chaos.expect.Expression;
import io.refmesh.chaos.mesh.GroupMesh;
import io.refmesh.chaos.mesh.RunningLoad;
import io.refmesh.chaos.observe.Observer;
import io.refmesh.chaos.scenario.LoadStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Light load on every path of a mesh that has just started, until it answers as it will later on.
 * Processes that have never served anybody are slow, and no scenario is about that.
 */
final class WarmUp {

  private static final Duration AT_MOST = Duration.ofSeconds(20);

  private static final List<LoadStream> STREAMS =
      List.of(
          stream("home", "web", "GET", "/", "http1", 15, 0),
          stream("list", "catalog", "GET", "/items", "http1", 50, 0),
          stream("list-h2", "catalog", "GET", "/items", "h2c", 25, 0),
          stream("order", "catalog", "POST", "/effects", "http1", 15, 200),
          stream("cart", "cart", "GET", "/cart", "http1", 15, 0),
          stream("prices", "pricing", "GET", "/prices", "http1", 40, 0));

  /** Nine tenths of every stream answered, none slow. */
  private static final Expression WARM =
      Expression.parseCondition(
          STREAMS.stream()
              .map(s ->
                  "client."
                      + s.id()
                      + ".ok >= "
                      + Math.floor(s.ratePerSecond() * 0.9)
                      + " and client."
                      + s.id()
                      + ".p99 <= 60ms")
              .collect(Collectors.joining(" and ")));

  private WarmUp() {}

  /** Returns how long it took; empty when the mesh is still slow after all the time there is. */
  static Optional<Duration> run(GroupMesh mesh, Path files)
      throws IOException, InterruptedException {
    String plan = PlanFile.write("warm-up", STREAMS, 0, AT_MOST.plusSeconds(60));
    try (Observer observer = new Observer(List.of(), List.of(), RunningLoad.record(files));
        RunningLoad load = mesh.load("warm-up", plan, files)) {
      Optional<Duration> took = observer.firstTrue(WARM, observer.mark(), AT_MOST);
      load.stop();
      return took;
    }
  }

  private static LoadStream stream(
      String id,
      String to,
      String method,
      String path,
      String protocol,
      double rate,
      int bodyBytes) {
    return new LoadStream(
        id,
        to,
        8080,
        method,
        path,
        protocol,
        rate,
        bodyBytes,
        Map.of(),
        Duration.ofSeconds(5),
        false,
        Optional.empty());
  }
}
