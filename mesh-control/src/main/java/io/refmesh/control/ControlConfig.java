package io.refmesh.control;

import io.refmesh.control.kubernetes.ClusterAccess;
import io.refmesh.model.discovery.HostPort;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the control plane is started with; the only reader of the environment.
 *
 * @param address of the control API
 * @param admin of the admin port
 * @param source of what is written down and what runs
 * @param state where CA, instances and audit log are; on a cluster only when policies end
 */
public record ControlConfig(HostPort address, HostPort admin, Source source, Path state) {

  private static final String ADDRESS = "127.1.0.1:8086";
  private static final String ADMIN = "127.1.0.1:8087";

  private static final Path SERVICE_ACCOUNT =
      Path.of("/var/run/secrets/kubernetes.io/serviceaccount");

  /** Where the registry reads. */
  public sealed interface Source {
    /** Of YAML, with the supervisor's file in the state folder beside it. */
    record Folder(Path folder) implements Source {}

    /**
     * @param replica unlike that of any other control plane of the cluster: the pod's name
     * @param webhooks null: this control plane answers none
     */
    record Cluster(ClusterAccess access, String replica, @Nullable Webhooks webhooks)
        implements Source {}
  }

  /**
   * @param address where the API server's questions are answered
   * @param proxyImage of the sidecars that are injected, with a tag
   * @param pullPolicy of that image, as Kubernetes writes it
   */
  public record Webhooks(HostPort address, String proxyImage, String pullPolicy) {
    /** The tag of the image. */
    String proxyVersion() {
      return proxyImage.substring(proxyImage.lastIndexOf(':') + 1);
    }
  }

  /** A setting that cannot be used; the message names it, its value and what was expected. */
  public static final class Bad extends Exception {
    private static final long serialVersionUID = 1;

    Bad(String setting, String value, String expected) {
      super(
          setting
              + ": "
              + (value.isEmpty() ? "is not set" : value)
              + " (expected: "
              + expected
              + ")");
    }
  }

  /**
   * Reads {@code REFMESH_CONTROL_ADDRESS}, {@code REFMESH_CONTROL_ADMIN}, {@code REFMESH_REGISTRY},
   * {@code REFMESH_STATE}, and of a folder {@code REFMESH_FOLDER}, of a cluster {@code KUBECONFIG}
   * or what a pod is told, {@code REFMESH_POD}, and for webhooks {@code REFMESH_WEBHOOK_ADDRESS},
   * {@code REFMESH_PROXY_IMAGE} and {@code REFMESH_PROXY_PULL_POLICY}.
   */
  public static ControlConfig from(Map<String, String> environment) throws Bad {
    HostPort address = address(environment, "REFMESH_CONTROL_ADDRESS", ADDRESS);
    HostPort admin = address(environment, "REFMESH_CONTROL_ADMIN", ADMIN);
    if (address.equals(admin) && address.port() != 0) {
      throw new Bad(
          "REFMESH_CONTROL_ADMIN",
          admin.toString(),
          "another address than REFMESH_CONTROL_ADDRESS");
    }
    String registry = environment.getOrDefault("REFMESH_REGISTRY", "folder");
    Source source =
        switch (registry) {
          case "folder" -> folder(environment);
          case "kubernetes" ->
              new Source.Cluster(
                  access(environment),
                  environment.getOrDefault("REFMESH_POD", "control"),
                  webhooks(environment));
          default -> throw new Bad("REFMESH_REGISTRY", registry, "folder or kubernetes");
        };
    Path state =
        path(
            environment,
            "REFMESH_STATE",
            "a folder for CA, instances and audit log; it is made when missing");
    if (Files.exists(state) && !Files.isDirectory(state)) {
      throw new Bad("REFMESH_STATE", state.toString(), "a folder, or a name that is free");
    }
    return new ControlConfig(address, admin, source, state);
  }

  private static Source folder(Map<String, String> environment) throws Bad {
    Path folder = path(environment, "REFMESH_FOLDER", "the folder with the resources");
    if (!Files.isDirectory(folder)) {
      throw new Bad("REFMESH_FOLDER", folder.toString(), "a folder that exists");
    }
    return new Source.Folder(folder);
  }

  private static ClusterAccess access(Map<String, String> environment) throws Bad {
    if (!environment.getOrDefault("KUBECONFIG", "").isEmpty()) {
      Path file = path(environment, "KUBECONFIG", "the path of a kubeconfig");
      if (!Files.isReadable(file) || Files.isDirectory(file)) {
        throw new Bad(
            "KUBECONFIG",
            file.toString(),
            "one kubeconfig that exists and that this user may read");
      }
      return new ClusterAccess.Kubeconfig(file);
    }
    String host = environment.getOrDefault("KUBERNETES_SERVICE_HOST", "");
    String port = environment.getOrDefault("KUBERNETES_SERVICE_PORT", "443");
    if (host.isEmpty()) {
      throw new Bad(
          "KUBECONFIG",
          "",
          "the path of a kubeconfig; a pod is told its cluster by KUBERNETES_SERVICE_HOST, which is"
              + " not set either");
    }
    if (!port.matches("[0-9]{1,5}")) {
      throw new Bad("KUBERNETES_SERVICE_PORT", port, "a port from 1 to 65535");
    }
    if (!Files.isReadable(SERVICE_ACCOUNT.resolve("token"))) {
      throw new Bad(
          "KUBERNETES_SERVICE_HOST",
          host,
          "a pod with a service account's token in "
              + SERVICE_ACCOUNT
              + "; has the Deployment automountServiceAccountToken: false?");
    }
    return new ClusterAccess.InCluster(host, Integer.parseInt(port), SERVICE_ACCOUNT);
  }

  private static @Nullable Webhooks webhooks(Map<String, String> environment) throws Bad {
    if (environment.getOrDefault("REFMESH_WEBHOOK_ADDRESS", "").isEmpty()) {
      return null;
    }
    HostPort address = address(environment, "REFMESH_WEBHOOK_ADDRESS", "0.0.0.0:8443");
    String image = environment.getOrDefault("REFMESH_PROXY_IMAGE", "");
    if (!image.matches("\\S+:[A-Za-z0-9_.-]{1,128}")) {
      throw new Bad("REFMESH_PROXY_IMAGE", image, "the image of the sidecar with its tag");
    }
    String policy = environment.getOrDefault("REFMESH_PROXY_PULL_POLICY", "IfNotPresent");
    if (!Set.of("Always", "IfNotPresent", "Never").contains(policy)) {
      throw new Bad("REFMESH_PROXY_PULL_POLICY", policy, "Always, IfNotPresent or Never");
    }
    return new Webhooks(address, image, policy);
  }

  private static HostPort address(Map<String, String> environment, String setting, String otherwise)
      throws Bad {
    String value = environment.getOrDefault(setting, otherwise);
    try {
      HostPort address = HostPort.parse(value);
      InetAddress.ofLiteral(address.host());
      return address;
    } catch (IllegalArgumentException e) {
      throw new Bad(setting, value, "an IP address and a port, such as " + otherwise);
    }
  }

  private static Path path(Map<String, String> environment, String setting, String expected)
      throws Bad {
    String value = environment.getOrDefault(setting, "");
    try {
      if (!value.isEmpty()) {
        return Path.of(value).toAbsolutePath().normalize();
      }
    } catch (InvalidPathException e) {
      // Not a path on this system: refused like a missing one.
    }
    throw new Bad(setting, value, expected);
  }
}
