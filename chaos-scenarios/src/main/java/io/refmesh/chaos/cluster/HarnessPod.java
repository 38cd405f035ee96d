package io.refmesh.chaos.cluster;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.EnvVarBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.ContainerResource;
import io.fabric8.kubernetes.client.dsl.ExecWatch;
import io.fabric8.kubernetes.client.dsl.LogWatch;
import io.refmesh.chaos.run.Time;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The harness in its pod: started, listened to, stopped, and what it wrote fetched. */
final class HarnessPod {

  static final String NAMESPACE = "refmesh-e2e";

  private static final String POD = "harness";
  private static final String HARNESS = "harness";

  /** Runs on when the harness has ended, and sees the folder it wrote to. */
  private static final String KEEPER = "keeper";

  private static final Duration READY_WITHIN = Duration.ofSeconds(120);
  private static final Duration LOOK_EVERY = Duration.ofSeconds(1);

  /** An API server may be away for a while: some scenarios see to that. */
  private static final Duration SILENT_MOST = Duration.ofSeconds(120);

  private static final Duration FETCH_WITHIN = Duration.ofSeconds(120);

  /** What a program in the pod that is asked to end may take to say so. */
  private static final Duration ASK_WITHIN = Duration.ofSeconds(10);

  private final KubernetesClient client;
  private final Time time;

  HarnessPod(KubernetesClient client, Time time) {
    this.client = client;
    this.time = time;
  }

  /** The manifests with what this run fills in. */
  static void fillIn(
      List<HasMetadata> manifests,
      String owner,
      String image,
      List<String> arguments,
      List<Variable> variables) {
    for (HasMetadata object : manifests) {
      if (object.getKind().equals("Namespace")) {
        object.getMetadata().getLabels().put(OWNER, owner);
      }
      if (object instanceof Pod pod) {
        for (Container container : pod.getSpec().getContainers()) {
          container.setImage(image);
          if (container.getName().equals(HARNESS)) {
            container.setArgs(arguments);
            for (Variable each : variables) {
              container
                  .getEnv()
                  .add(new EnvVarBuilder().withName(each.name()).withValue(each.value()).build());
            }
          }
        }
      }
    }
  }

  /** Label of the namespace: whose run it is. */
  static final String OWNER = "refmesh.io/e2e-owner";

  /** An environment variable of the harness. */
  record Variable(String name, String value) {}

  /** Waits until the harness runs, or has ended already. */
  void awaitStart() throws IOException, InterruptedException {
    Instant until = time.instant().plus(READY_WITHIN);
    while (true) {
      Optional<ContainerState> state = state(pod(), HARNESS);
      if (state.filter(s -> s.getRunning() != null || s.getTerminated() != null).isPresent()) {
        return;
      }
      if (!time.instant().isBefore(until)) {
        throw new IOException(
            "the harness was not ready within "
                + READY_WITHIN.toSeconds()
                + " s: "
                + waitingFor(pod())
                + " (expected: nodes that have the images or can pull them, and room for the pod);"
                + " look at `kubectl -n "
                + NAMESPACE
                + " describe pod "
                + POD
                + "` with --kubeconfig");
      }
      time.sleep(LOOK_EVERY);
    }
  }

  /** Tells every line until the harness has ended; returns what it ended with. */
  int follow(Consumer<String> told) throws IOException, InterruptedException {
    PodLines lines = new PodLines(told);
    Instant answered = time.instant();
    while (true) {
      @Nullable Pod pod;
      try {
        pod = pod();
        answered = time.instant();
      } catch (IOException e) {
        if (time.instant().isAfter(answered.plus(SILENT_MOST))) {
          throw e;
        }
        time.sleep(LOOK_EVERY);
        continue;
      }
      // Looked at before the log is read, so that its last lines are read, too.
      Optional<Integer> ended = ended(pod);
      read(lines, ended.isPresent());
      if (ended.isPresent()) {
        return ended.get();
      }
      time.sleep(LOOK_EVERY);
    }
  }

  private void read(PodLines lines, boolean toTheEnd) throws InterruptedException {
    ContainerResource container = container(HARNESS);
    try {
      if (toTheEnd) {
        container
            .usingTimestamps()
            .sinceTime(lines.last().toString())
            .getLog()
            .lines()
            .forEach(lines::line);
        return;
      }
      try (LogWatch watch =
              container.usingTimestamps().sinceTime(lines.last().toString()).watchLog();
          BufferedReader reader =
              new BufferedReader(
                  new InputStreamReader(watch.getOutput(), StandardCharsets.UTF_8))) {
        for (String line = reader.readLine(); line != null; line = reader.readLine()) {
          lines.line(line);
        }
      }
    } catch (InterruptedIOException e) {
      throw (InterruptedException) new InterruptedException().initCause(e);
    } catch (IOException | KubernetesClientException e) {
      // The log is asked for again, from the last line on.
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
    }
  }

  /** Asks the harness to write what it knows and to end; a second time does no harm. */
  void stop() throws IOException, InterruptedException {
    run(HARNESS, ASK_WITHIN, "sh", "-c", "kill -TERM 1");
  }

  /** Waits until the harness has ended; false when it has not. */
  boolean awaitEnd(Duration within) throws IOException, InterruptedException {
    Instant until = time.instant().plus(within);
    while (ended(pod()).isEmpty()) {
      if (!time.instant().isBefore(until)) {
        return false;
      }
      time.sleep(LOOK_EVERY);
    }
    return true;
  }

  /** Brings what it wrote into a folder of this machine; returns the run's folder in it. */
  Optional<Path> fetch(Path into) throws IOException, InterruptedException {
    Path archive = Files.createTempFile("refmesh-out", ".tar.gz");
    ByteArrayOutputStream error = new ByteArrayOutputStream();
    try {
      try (var out = Files.newOutputStream(archive);
          ExecWatch tar =
              container(KEEPER)
                  .writingOutput(out)
                  .writingError(error)
                  .exec("tar", "-C", "/out", "-czf", "-", ".")) {
        await(tar, FETCH_WITHIN);
      }
      try (var in = Files.newInputStream(archive)) {
        return OutArchive.unpack(in, into);
      }
    } catch (IOException e) {
      throw new IOException(
          "what the harness wrote could not be fetched: "
              + DockerEngine.reason(e)
              + " "
              + error.toString(StandardCharsets.UTF_8).strip(),
          e);
    } finally {
      Files.deleteIfExists(archive);
    }
  }

  private int run(String container, Duration within, String... command)
      throws IOException, InterruptedException {
    try (ExecWatch watch =
        container(container).writingOutput(OutputStream.nullOutputStream()).exec(command)) {
      return await(watch, within);
    } catch (KubernetesClientException e) {
      throw new IOException(String.join(" ", command) + ": " + DockerEngine.reason(e), e);
    }
  }

  private static int await(ExecWatch watch, Duration within)
      throws IOException, InterruptedException {
    try {
      return watch.exitCode().get(within.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw new IOException(DockerEngine.reason(e), e);
    } catch (TimeoutException e) {
      throw new IOException("not done within " + within.toSeconds() + " s", e);
    }
  }

  private ContainerResource container(String name) {
    return client.pods().inNamespace(NAMESPACE).withName(POD).inContainer(name);
  }

  private @Nullable Pod pod() throws IOException {
    try {
      return client.pods().inNamespace(NAMESPACE).withName(POD).get();
    } catch (KubernetesClientException e) {
      throw new IOException(
          "the API server does not answer any more: " + DockerEngine.reason(e), e);
    }
  }

  /** The exit code; as of a pod that was killed when it is not there any more. */
  static Optional<Integer> ended(@Nullable Pod pod) throws IOException {
    if (pod == null) {
      throw new IOException(
          "the harness's pod was deleted while it ran (expected: nobody else in the namespace "
              + NAMESPACE
              + ")");
    }
    return state(pod, HARNESS)
        .flatMap(state -> Optional.ofNullable(state.getTerminated()))
        .flatMap(terminated -> Optional.ofNullable(terminated.getExitCode()));
  }

  /** Why a container that does not run does not; the scheduler's word when it is not placed. */
  static String waitingFor(@Nullable Pod pod) {
    if (pod == null || pod.getStatus() == null) {
      return "there is no pod";
    }
    Stream<String> containers =
        statuses(pod)
            .flatMap(status -> Stream.ofNullable(status.getState()))
            .flatMap(state -> Stream.ofNullable(state.getWaiting()))
            .map(waiting ->
                waiting.getReason()
                    + (waiting.getMessage() == null ? "" : ", " + waiting.getMessage()));
    Stream<String> conditions =
        pod.getStatus().getConditions().stream()
            .filter(condition ->
                condition.getMessage() != null && "False".equals(condition.getStatus()))
            .map(condition -> condition.getMessage());
    return Stream.concat(containers, conditions).findFirst().orElse("it said nothing");
  }

  private static Optional<ContainerState> state(@Nullable Pod pod, String container) {
    return pod == null || pod.getStatus() == null
        ? Optional.empty()
        : statuses(pod)
            .filter(status -> status.getName().equals(container))
            .findFirst()
            .flatMap(status -> Optional.ofNullable(status.getState()));
  }

  private static Stream<ContainerStatus> statuses(Pod pod) {
    return pod.getStatus().getContainerStatuses().stream();
  }
}
