package io.refmesh.chaos;

import io.refmesh.local.process.RefmeshHome;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What to run.
 *
 * @param scenarios names of the catalogue or files; none: the whole catalogue
 * @param seed of everything random; empty: a fresh one
 * @param out folder for reports, one sub-folder a run
 */
public record E2eOptions(RefmeshHome home, List<String> scenarios, Optional<Long> seed, Path out) {

  public E2eOptions {
    scenarios = List.copyOf(scenarios);
  }
}
