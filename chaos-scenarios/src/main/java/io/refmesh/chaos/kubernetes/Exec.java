package io.refmesh.chaos.kubernetes;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.ExecWatch;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Commands inside a container.
 *
 * @param pod its name
 */
record Exec(KubernetesClient client, String namespace, String pod, String container) {

  /** What a command said, both streams, and how it ended. */
  record Said(int exitCode, String text) {}

  /** Runs a script of {@code sh} to its end; {@code $0}, {@code $1} … are the arguments. */
  Said run(Duration within, String script, String... arguments)
      throws IOException, InterruptedException {
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    return new Said(stream(said, within, script, arguments), said.toString(StandardCharsets.UTF_8));
  }

  /** As {@link #run}, and throws when the script fails. */
  String require(Duration within, String script, String... arguments)
      throws IOException, InterruptedException {
    Said said = run(within, script, arguments);
    if (said.exitCode() != 0) {
      throw new IOException(
          "in the pod " + pod + ": exit code " + said.exitCode() + ": " + said.text().strip());
    }
    return said.text();
  }

  /** Runs a script whose output goes on; returns its exit code. */
  int stream(OutputStream out, Duration within, String script, String... arguments)
      throws IOException, InterruptedException {
    String[] command = new String[3 + arguments.length];
    command[0] = "/bin/sh";
    command[1] = "-c";
    command[2] = script;
    System.arraycopy(arguments, 0, command, 3, arguments.length);
    try (ExecWatch watch =
        client
            .pods()
            .inNamespace(namespace)
            .withName(pod)
            .inContainer(container)
            .writingOutput(out)
            .writingError(out)
            .exec(command)) {
      return watch.exitCode().get(within.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw new IOException("in the pod " + pod + ": the connection broke: " + e.getCause(), e);
    } catch (TimeoutException e) {
      throw new IOException(
          "in the pod " + pod + ": not done within " + within.toSeconds() + " s", e);
    } catch (KubernetesClientException e) {
      throw new IOException("in the pod " + pod + ": " + e.getMessage(), e);
    }
  }
}
