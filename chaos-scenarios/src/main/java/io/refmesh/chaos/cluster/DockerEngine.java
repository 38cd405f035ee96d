package io.refmesh.chaos.cluster;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.command.InspectVolumeResponse;
import com.github.dockerjava.api.command.SaveImagesCmd;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.Frame;
import com.github.dockerjava.api.model.Ports;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.testcontainers.DockerClientFactory;

/** The engine that Testcontainers finds: DOCKER_HOST, the usual sockets, its settings. */
final class DockerEngine implements Engine {

  private final DockerClient client;
  private final String host;

  private DockerEngine(DockerClient client, String host) {
    this.client = client;
    this.host = host;
  }

  /** Throws with what to do when none answers. */
  static DockerEngine find() throws IOException {
    try {
      DockerClientFactory factory = DockerClientFactory.instance();
      return new DockerEngine(factory.client(), factory.dockerHostIpAddress());
    } catch (RuntimeException e) {
      throw new IOException(
          "no Docker engine answers: "
              // What follows the first sentence speaks of logs that are not there.
              + reason(e).replaceFirst("\\. .*", "")
              + " (expected: one that may run privileged containers, at DOCKER_HOST or the usual"
              + " socket); start Docker, give a cluster with --kubeconfig, or run without one:"
              + " --environment local",
          e);
    }
  }

  @Override
  public String version() throws IOException {
    return asked("its version", () -> client.versionCmd().exec().getVersion());
  }

  @Override
  public long memoryBytes() throws IOException {
    return asked(
        "its memory", () -> Optional.ofNullable(client.infoCmd().exec().getMemTotal()).orElse(0L));
  }

  @Override
  public Optional<String> imageId(String image) throws IOException {
    return asked(
        "for the image " + image,
        () -> {
          try {
            return Optional.ofNullable(client.inspectImageCmd(image).exec().getId());
          } catch (NotFoundException e) {
            return Optional.empty();
          }
        });
  }

  @Override
  public void pull(String image) throws IOException {
    asked(
        "to pull " + image,
        () -> client.pullImageCmd(image).exec(new ResultCallback.Adapter<>()).awaitCompletion());
  }

  @Override
  public InputStream save(List<String> images) throws IOException {
    return asked(
        "to save " + String.join(", ", images),
        () -> {
          SaveImagesCmd command = client.saveImagesCmd();
          for (String image : images) {
            int colon = image.lastIndexOf(':');
            command.withImage(image.substring(0, colon), image.substring(colon + 1));
          }
          return command.exec();
        });
  }

  @Override
  public List<Container> containers() throws IOException {
    return asked(
        "for its containers",
        () ->
            client.listContainersCmd().withShowAll(true).exec().stream()
                .map(each ->
                    new Container(
                        each.getId(),
                        Arrays.stream(each.getNames())
                            .findFirst()
                            .orElse("")
                            .replaceFirst("^/", ""),
                        each.getLabels() == null ? Map.of() : Map.copyOf(each.getLabels())))
                .toList());
  }

  @Override
  public List<String> volumes() throws IOException {
    return asked(
        "for its volumes",
        () ->
            Optional.ofNullable(client.listVolumesCmd().exec().getVolumes())
                .orElse(List.of())
                .stream()
                .map(InspectVolumeResponse::getName)
                .toList());
  }

  @Override
  public Said run(Container container, InputStream input, String... command)
      throws IOException, InterruptedException {
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    String id =
        asked(
            "to run " + command[0],
            () ->
                client
                    .execCreateCmd(container.id())
                    .withCmd(command)
                    .withAttachStdin(true)
                    .withAttachStdout(true)
                    .withAttachStderr(true)
                    .exec()
                    .getId());
    try {
      client
          .execStartCmd(id)
          .withStdIn(input)
          .exec(
              new ResultCallback.Adapter<Frame>() {
                @Override
                public void onNext(Frame frame) {
                  said.writeBytes(frame.getPayload());
                }
              })
          .awaitCompletion();
      Long code = client.inspectExecCmd(id).exec().getExitCodeLong();
      return new Said(
          code == null ? -1 : code.intValue(), said.toString(StandardCharsets.UTF_8).strip());
    } catch (RuntimeException e) {
      throw new IOException(
          container.name() + " did not run " + String.join(" ", command) + ": " + reason(e), e);
    }
  }

  @Override
  public String address(Container container, int port) throws IOException {
    Ports.Binding[] bindings =
        asked(
            "for the ports of " + container.name(),
            () ->
                client
                    .inspectContainerCmd(container.id())
                    .exec()
                    .getNetworkSettings()
                    .getPorts()
                    .getBindings()
                    .get(ExposedPort.tcp(port)));
    if (bindings == null || bindings.length == 0) {
      throw new IOException(
          container.name()
              + " does not publish port "
              + port
              + " (expected: a node of kind that runs)");
    }
    String address = bindings[0].getHostIp();
    // Published upon loopback only, it is this machine's; else the engine's.
    boolean here = "127.0.0.1".equals(address) || host.equals("localhost");
    return (here ? "127.0.0.1" : host) + ":" + bindings[0].getHostPortSpec();
  }

  @Override
  public void remove(Container container) throws IOException {
    asked(
        "to remove " + container.name(),
        () -> {
          try {
            client
                .removeContainerCmd(container.id())
                .withForce(true)
                .withRemoveVolumes(true)
                .exec();
          } catch (NotFoundException e) {
            // Somebody was quicker.
          }
          return true;
        });
  }

  @Override
  public void removeVolume(String name) throws IOException {
    asked(
        "to remove the volume " + name,
        () -> {
          try {
            client.removeVolumeCmd(name).exec();
          } catch (NotFoundException e) {
            // Somebody was quicker.
          }
          return true;
        });
  }

  private static <T> T asked(String what, Callable<T> question) throws IOException {
    try {
      return question.call();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while the Docker engine was asked " + what, e);
    } catch (Exception e) {
      throw new IOException("the Docker engine was asked " + what + ": " + reason(e), e);
    }
  }

  static String reason(Throwable e) {
    Throwable cause = e;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause.getMessage() == null
        ? cause.getClass().getSimpleName()
        : cause.getMessage().strip();
  }
}
