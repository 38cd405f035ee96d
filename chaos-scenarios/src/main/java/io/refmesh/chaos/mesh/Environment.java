package io.refmesh.chaos.mesh;

import io.refmesh.chaos.scenario.BadScenarioException;
import io.refmesh.chaos.scenario.Scenario;
import io.refmesh.chaos.scenario.Topology;
import io.refmesh.local.Progress;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** Where a run takes place. */
public interface Environment extends AutoCloseable {

  /** As reports name it, such as {@code local} or {@code kind}. */
  String name();

  /** Versions of what it consists of, by name, beyond Refmesh's own. */
  Map<String, String> versions();

  /** Says what is missing before anything is begun. */
  void require() throws IOException, InterruptedException;

  /** Why a scenario cannot be run here; empty when it can. */
  Optional<String> unfit(Scenario scenario);

  /**
   * Starts the Toxiproxy servers of a run.
   *
   * @param seed of what they draw
   */
  Toxiproxies toxiproxies(RunFolder folder, long seed, HttpJson http)
      throws IOException, InterruptedException;

  /**
   * Starts the mesh of a group and waits until every workload is ready.
   *
   * @param directory private to this mesh
   * @param seed of the shop's own draws
   */
  GroupMesh start(
      Topology topology, MeshDirectory directory, long seed, HttpJson http, Progress progress)
      throws IOException, InterruptedException, BadScenarioException;

  @Override
  void close();

  /**
   * The parts of a run's folder that outlive a mesh.
   *
   * @param processes the file that names what runs, so that a later run can stop it
   */
  record RunFolder(Path directory, Path logs, Path processes) {}

  /** The Toxiproxy servers of a run. */
  interface Toxiproxies extends AutoCloseable {

    /** The one that a scenario's hops go through. */
    Toxiproxy of(Scenario scenario) throws IOException, InterruptedException;

    @Override
    void close();
  }
}
