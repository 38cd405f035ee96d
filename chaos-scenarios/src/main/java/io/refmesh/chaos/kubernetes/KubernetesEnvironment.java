package io.refmesh.chaos.kubernetes;

import io.refmesh.chaos.local.ToxiproxyProcess;
import io.refmesh.chaos.mesh.Environment;
import io.refmesh.chaos.mesh.GroupMesh;
import io.refmesh.chaos.mesh.HttpJson;
import io.refmesh.chaos.mesh.MeshDirectory;
import io.refmesh.chaos.mesh.Toxiproxy;
import io.refmesh.chaos.scenario.Act;
import io.refmesh.chaos.scenario.FaultPlan;
import io.refmesh.chaos.scenario.MeshResource;
import io.refmesh.chaos.scenario.Scenario;
import io.refmesh.chaos.scenario.Topology;
import io.refmesh.local.Progress;
import io.refmesh.local.process.RefmeshHome;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A cluster on which the mesh is installed, seen from a pod of it. */
public final class KubernetesEnvironment implements Environment {

  /** Where the harness and its helpers are. */
  static final String NAMESPACE = "refmesh-e2e";

  private static final int TIER = 3;
  private static final String GATEWAY_API = "gateway.networking.k8s.io";

  private final RefmeshHome home;
  private final ClusterSettings settings;
  private final ClusterApi api;
  private @Nullable Nodes nodes;
  private boolean gatewayApi;

  public KubernetesEnvironment(RefmeshHome home, ClusterSettings settings) throws IOException {
    this.home = home;
    this.settings = settings;
    this.api = new ClusterApi();
  }

  @Override
  public String name() {
    return settings.name();
  }

  @Override
  public Map<String, String> versions() {
    return settings.versions();
  }

  @Override
  public void require() throws IOException, InterruptedException {
    home.jar("toxiproxy-server");
    ControlPlane.require(api);
    gatewayApi = api.get("/apis/" + GATEWAY_API + "/v1").isPresent();
  }

  @Override
  public Optional<String> unfit(Scenario scenario) {
    if (scenario.tier() > TIER) {
      return Optional.of(
          "needs tier " + scenario.tier() + ", and this is tier " + TIER + ": pods of a cluster");
    }
    return !gatewayApi && routes(scenario)
        ? Optional.of(
            "has routes, and this cluster does not know the kinds of the Gateway API (expected: its"
                + " CustomResourceDefinitions are installed)")
        : Optional.empty();
  }

  private static boolean routes(Scenario scenario) {
    return scenario.acts().stream()
        .flatMap(act -> Stream.concat(act.policies().stream(), inFaults(act)))
        .anyMatch(resource -> resource.json().contains(GATEWAY_API + "/"));
  }

  private static Stream<MeshResource> inFaults(Act act) {
    return act.faults().stream()
        .flatMap(plan ->
            plan.action() instanceof FaultPlan.Resources resources
                ? resources.resources().stream()
                : Stream.of());
  }

  /**
   * Toxiproxy's own image for all that it can do. For toxics on connections that are open already,
   * which it knows nothing of, Refmesh's server runs beside the harness.
   */
  @Override
  public Toxiproxies toxiproxies(RunFolder folder, long seed, HttpJson http)
      throws IOException, InterruptedException {
    ToxiproxyPod pod = ToxiproxyPod.start(api, NAMESPACE, settings.toxiproxyImage());
    return new Toxiproxies() {
      private @Nullable Toxiproxy original;
      private @Nullable ToxiproxyProcess own;

      @Override
      public Toxiproxy of(Scenario scenario) throws IOException, InterruptedException {
        if (existingOnly(scenario)) {
          if (own == null) {
            own =
                ToxiproxyProcess.start(
                    home, settings.address().getHostAddress(), seed, folder, http);
          }
          return own.server();
        }
        if (original == null) {
          original = pod.server(http);
        }
        return original;
      }

      @Override
      public void close() {
        if (own != null) {
          own.close();
        }
        pod.close();
      }
    };
  }

  private static boolean existingOnly(Scenario scenario) {
    return scenario.acts().stream()
        .flatMap(act -> act.faults().stream())
        .anyMatch(plan -> plan.action() instanceof FaultPlan.Toxic toxic && toxic.existingOnly());
  }

  @Override
  public GroupMesh start(
      Topology topology, MeshDirectory directory, long seed, HttpJson http, Progress progress)
      throws IOException, InterruptedException {
    if (nodes == null) {
      nodes = Nodes.start(api, NAMESPACE, settings.image());
    }
    return KubernetesGroupMesh.start(
        home, api, settings, nodes, topology, directory, seed, http, progress);
  }

  @Override
  public void close() {
    if (nodes != null) {
      nodes.close();
    }
    api.close();
  }
}
