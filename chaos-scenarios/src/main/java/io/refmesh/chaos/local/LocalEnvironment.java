package io.refmesh.chaos.local;

import io.refmesh.chaos.mesh.Environment;
import io.refmesh.chaos.mesh.GroupMesh;
import io.refmesh.chaos.mesh.HttpJson;
import io.refmesh.chaos.mesh.MeshDirectory;
import io.refmesh.chaos.mesh.Toxiproxy;
import io.refmesh.chaos.scenario.BadScenarioException;
import io.refmesh.chaos.scenario.Scenario;
import io.refmesh.chaos.scenario.Topology;
import io.refmesh.local.Progress;
import io.refmesh.local.process.RefmeshHome;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Processes on this machine, and Refmesh's own Toxiproxy server. */
public final class LocalEnvironment implements Environment {

  private static final int TIER = 0;

  private static final List<String> JARS =
      List.of("mesh-proxy", "mesh-control", "demo-shop", "load-tests", "toxiproxy-server");

  private final RefmeshHome home;

  public LocalEnvironment(RefmeshHome home) {
    this.home = home;
  }

  @Override
  public String name() {
    return "local";
  }

  @Override
  public Map<String, String> versions() {
    return Map.of();
  }

  @Override
  public void require() throws IOException {
    for (String jar : JARS) {
      home.jar(jar);
    }
  }

  @Override
  public Optional<String> unfit(Scenario scenario) {
    return scenario.tier() <= TIER
        ? Optional.empty()
        : Optional.of(
            "needs tier "
                + scenario.tier()
                + ", and this is tier "
                + TIER
                + ": processes on one machine");
  }

  @Override
  public Toxiproxies toxiproxies(RunFolder folder, long seed, HttpJson http)
      throws IOException, InterruptedException {
    ToxiproxyProcess process = ToxiproxyProcess.start(home, "127.0.0.1", seed, folder, http);
    return new Toxiproxies() {
      @Override
      public Toxiproxy of(Scenario scenario) {
        return process.server();
      }

      @Override
      public void close() {
        process.close();
      }
    };
  }

  @Override
  public GroupMesh start(
      Topology topology, MeshDirectory directory, long seed, HttpJson http, Progress progress)
      throws IOException, InterruptedException, BadScenarioException {
    return LocalGroupMesh.start(home, topology, directory, seed, http, progress);
  }

  @Override
  public void close() {
    // Each mesh has stopped what it started.
  }
}
