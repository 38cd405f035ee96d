package io.refmesh.cli;

import io.refmesh.cli.check.ApiServer;
import io.refmesh.cli.rotate.Driver;
import io.refmesh.cli.rotate.Rotation;
import io.refmesh.cli.rotate.Step.Blocker;
import java.io.IOException;
import java.io.PrintWriter;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code mesh identity rotate-root}: a new root for a mesh that runs. */
@Command(
    name = "rotate-root",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    description = {
      "Gives the mesh a new root while it runs: all trust both, the new one signs, all certificates"
          + " are replaced, the old one is dropped.",
      "No step is taken that would cut a workload off; it waits for it, and names it. It may be"
          + " interrupted at any point, where nobody is cut off; --resume goes on."
    })
final class RotateRootCommand implements Callable<Integer> {

  private static final int NAMED_MOST = 3;

  @Mixin private final IdentityCommand.Context context = new IdentityCommand.Context();

  @Option(
      names = "--resume",
      description = "Goes on with a rotation that was interrupted; begins none.")
  private boolean resume;

  @Option(
      names = "--force",
      description =
          "After the patience has ended, goes on without the workloads that did not come along:"
              + " they are cut off until they are back in touch, and read the new root from their"
              + " pods.")
  private boolean force;

  @Option(
      names = "--patience",
      paramLabel = "SECONDS",
      description =
          "How long each phase waits for workloads and replicas (default: ${DEFAULT-VALUE}).",
      defaultValue = "600")
  private int patienceSeconds;

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Override
  public Integer call() throws IOException, InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    InstantSource clock = InstantSource.system();
    try (ApiServer server = ApiServer.of(context.name)) {
      Lines lines = new Lines(out, clock);
      Driver driver = new Driver(server, clock, Thread::sleep, new SecureRandom(), lines);
      if (resume && Rotation.phase(driver.look()) == Rotation.Phase.NONE) {
        out.println("no rotation is under way");
        out.flush();
        return ExitCode.PASSED;
      }
      if (!resume) {
        driver.begin(force);
      }
      driver.drive(Duration.ofSeconds(patienceSeconds), force);
    }
    return ExitCode.PASSED;
  }

  /** A line for everything that happens, with the seconds since the beginning. */
  private record Lines(PrintWriter out, InstantSource clock, Instant begin)
      implements Driver.Progress {

    Lines(PrintWriter out, InstantSource clock) {
      this(out, clock, clock.instant());
    }

    @Override
    public void phase(Rotation.Phase phase) {
      say(
          phase == Rotation.Phase.NONE
              ? "done: the new root is the only one"
              : IdentityCommand.meaning(phase));
    }

    @Override
    public void waiting(List<Blocker> blockers) {
      say("  waits: " + named(blockers));
    }

    @Override
    public void leftBehind(List<Blocker> workloads) {
      say("  goes on without " + named(workloads));
    }

    private void say(String line) {
      out.println(Duration.between(begin, clock.instant()).toSeconds() + " s  " + line);
      out.flush();
    }
  }

  static String named(List<Blocker> blockers) {
    int more = blockers.size() - NAMED_MOST;
    return String.join("; ", blockers.stream().limit(NAMED_MOST).map(Blocker::toString).toList())
        + (more > 0 ? "; and " + more + " more" : "");
  }
}
