package io.refmesh.chaos.run;

import io.refmesh.chaos.fault.ToxicHop;
import io.refmesh.chaos.intruder.CapturingRelay;
import io.refmesh.chaos.intruder.RogueServer;
import io.refmesh.chaos.mesh.Detours;
import io.refmesh.chaos.mesh.GroupMesh;
import io.refmesh.chaos.mesh.MeshInstance;
import io.refmesh.chaos.mesh.Toxiproxy;
import io.refmesh.chaos.scenario.Hop;
import io.refmesh.chaos.scenario.MeshResource;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The places between sidecars where one scenario's harness sits, open as long as the scenario runs.
 */
final class Hops implements AutoCloseable {

  /**
   * Longer than any scenario; should the run die, discovery goes back to the real addresses by
   * itself.
   */
  private static final String EXPIRES_AFTER = "15m";

  private final Map<String, ToxicHop> toxic = new LinkedHashMap<>();
  private final Map<String, CapturingRelay> captures = new LinkedHashMap<>();
  private final Map<String, RogueServer> rogues = new LinkedHashMap<>();
  private final List<AutoCloseable> open = new ArrayList<>();
  private final List<MeshResource> detours = new ArrayList<>();

  private Hops() {}

  /**
   * @param files for what captures keep
   */
  static Hops open(List<Hop> hops, String scenario, GroupMesh mesh, Toxiproxy toxiproxy, Path files)
      throws IOException {
    Hops opened = new Hops();
    try {
      for (Hop hop : hops) {
        opened.add(hop, scenario, mesh, toxiproxy, files);
      }
      return opened;
    } catch (IOException | RuntimeException e) {
      opened.close();
      throw e;
    }
  }

  private void add(Hop hop, String scenario, GroupMesh mesh, Toxiproxy toxiproxy, Path files)
      throws IOException {
    InetSocketAddress upstream = upstream(hop, mesh.running());
    String via =
        switch (hop.kind()) {
          case TOXIPROXY -> {
            ToxicHop opened = ToxicHop.open(toxiproxy, scenario + "-" + hop.id(), text(upstream));
            toxic.put(hop.id(), opened);
            open.add(opened);
            yield opened.address();
          }
          case CAPTURE -> {
            CapturingRelay opened =
                CapturingRelay.open(mesh.harness(), upstream, files.resolve(hop.id() + ".capture"));
            captures.put(hop.id(), opened);
            open.add(opened);
            yield text(opened.address());
          }
          case ROGUE -> {
            RogueServer opened =
                RogueServer.open(
                    mesh.harness(), mesh.forgery().genuine(hop.identity().orElseThrow()));
            rogues.put(hop.id(), opened);
            open.add(opened);
            yield text(opened.address());
          }
        };
    detours.add(
        Detours.detour(
            "hop-" + hop.id(), hop.service(), List.of(hop.endpoint()), via, EXPIRES_AFTER));
  }

  /** Objects that send callers through the hops. */
  List<MeshResource> detours() {
    return List.copyOf(detours);
  }

  ToxicHop toxic(String id) {
    ToxicHop hop = toxic.get(id);
    if (hop == null) {
      throw new IllegalArgumentException(
          "hop " + id + " (expected: one of " + toxic.keySet() + ")");
    }
    return hop;
  }

  /** What the hops measured so far, as {@code hop.ID.NAME}. */
  Map<String, Double> figures() {
    Map<String, Double> figures = new HashMap<>();
    captures.forEach((id, capture) -> {
      figures.put("hop." + id + ".connections", (double) capture.connections());
      figures.put("hop." + id + ".notTls", (double) capture.notTls());
      figures.put("hop." + id + ".bytes", (double) capture.bytes());
      figures.put("hop." + id + ".clear", (double) capture.clear());
    });
    rogues.forEach((id, rogue) -> {
      figures.put("hop." + id + ".connections", (double) rogue.connections());
      figures.put("hop." + id + ".bytes", (double) rogue.bytes());
    });
    return figures;
  }

  @Override
  public void close() throws IOException {
    IOException first = null;
    for (AutoCloseable hop : open.reversed()) {
      try {
        hop.close();
      } catch (Exception e) {
        if (first == null) {
          first = new IOException("a hop could not be closed: " + e.getMessage(), e);
        }
      }
    }
    open.clear();
    if (first != null) {
      throw first;
    }
  }

  private static InetSocketAddress upstream(Hop hop, List<MeshInstance> running)
      throws IOException {
    return running.stream()
        .filter(i -> i.workload().equals(hop.workload()) && i.replica() == hop.endpoint())
        .findFirst()
        .map(i -> i.at(hop.port()))
        .orElseThrow(() ->
            new IOException(
                "hop "
                    + hop.id()
                    + ": "
                    + hop.workload()
                    + "-"
                    + hop.endpoint()
                    + " does not run (expected: an instance of the topology)"));
  }

  private static String text(InetSocketAddress address) {
    return address.getHostString() + ":" + address.getPort();
  }
}
