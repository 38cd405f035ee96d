package io.refmesh.cli;

import io.refmesh.local.LocalMesh;
import io.refmesh.local.LocalMeshOptions;
import io.refmesh.local.Progress;
import io.refmesh.local.process.RefmeshHome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code mesh up}: starts the mesh of a folder; in the foreground until Ctrl-C, or detached. */
@Command(
    name = "up",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    description = "Starts the control plane and every workload of a folder with its sidecar.")
final class UpCommand implements Callable<Integer> {

  @Option(
      names = {"-f", "--folder"},
      required = true,
      paramLabel = "FOLDER",
      description =
          "Folder of YAML: Service, Workload, HTTPRoute and the policies. Watched while the mesh"
              + " runs.")
  @SuppressWarnings("NullAway.Init")
  private Path folder;

  @Mixin private final StateOption state = new StateOption();

  @Option(
      names = "--detach",
      description =
          "Return when every workload is ready, and leave the mesh running (stop it with `mesh"
              + " down`).")
  private boolean detach;

  @Option(
      names = "--netns",
      description =
          "Run each workload in a network namespace of its own, with transparent capture (root,"
              + " Linux).")
  private boolean netns;

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (!Files.isDirectory(folder)) {
      throw new IOException(folder + " is not a folder (expected: a folder with the mesh's YAML)");
    }
    RefmeshHome home = RefmeshHome.current();
    var out = spec.commandLine().getOut();
    Progress progress =
        line -> {
          synchronized (out) {
            out.println(line);
            out.flush();
          }
        };
    if (detach) {
      return new Detached(home, folder, state.directory(), netns).start(progress);
    }
    LocalMeshOptions options = LocalMeshOptions.of(folder, state.directory(), home);
    return foreground(netns ? options.inNamespaces() : options, progress);
  }

  private int foreground(LocalMeshOptions options, Progress progress)
      throws IOException, InterruptedException {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch ended = new CountDownLatch(1);
    Thread main = Thread.currentThread();
    Thread hook =
        new Thread(
            () -> {
              asked.countDown();
              main.interrupt();
              awaitUninterruptibly(ended);
              // The JVM would end with the signal's number; scripts want the table's.
              Runtime.getRuntime().halt(ExitCode.ABORTED);
            },
            "stop everything");
    Runtime.getRuntime().addShutdownHook(hook);
    try (LocalMesh mesh = LocalMesh.start(options, progress)) {
      mesh.awaitReady();
      progress.say("");
      progress.say("the mesh is up. status: bin/mesh status --state " + options.state());
      progress.say(
          "logs: "
              + mesh.state().logs()
              + "   control plane: "
              + mesh.controlPlaneAdmin()
              + "   stop: Ctrl-C");
      asked.await();
      return ExitCode.PASSED;
    } catch (InterruptedException e) {
      progress.say("stopped everything");
      return ExitCode.ABORTED;
    } finally {
      ended.countDown();
      forget(hook);
    }
  }

  /** So that an end without a signal keeps its own code. */
  private static void forget(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The JVM is ending: the hook runs and waits for this thread.
    }
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
