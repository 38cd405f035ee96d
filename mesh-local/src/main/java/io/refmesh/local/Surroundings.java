package io.refmesh.local;

import io.refmesh.local.network.HostsFile;
import io.refmesh.local.network.LocalNetwork;
import io.refmesh.local.network.Namespaces;
import io.refmesh.local.network.NetworkNamespace;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What surrounds an instance: addresses, hosts file, token, the environments of its application and
 * its sidecar. Under the lock of the mesh.
 */
final class Surroundings {

  private final LocalMeshOptions options;
  private final StateFolder state;
  private final LocalNetwork network;
  private final Optional<Namespaces> namespaces;
  private final String controlAddress;
  private @Nullable Tokens tokens;

  Surroundings(
      LocalMeshOptions options,
      StateFolder state,
      LocalNetwork network,
      Optional<Namespaces> namespaces,
      String controlAddress) {
    this.options = options;
    this.state = state;
    this.network = network;
    this.namespaces = namespaces;
    this.controlAddress = controlAddress;
  }

  /** Once the control plane has made its keys: before, no instance can have a token. */
  void open(Tokens opened) {
    tokens = opened;
  }

  /** Everything that a new instance is started with; its files are written. */
  Instance.Setting of(Replica replica, int number, FolderView view) throws IOException {
    String inbound = network.sidecar(number);
    String application = network.application(number);
    String identity =
        "spiffe://"
            + view.trustDomain()
            + "/ns/"
            + replica.namespace()
            + "/sa/"
            + replica.serviceAccount();
    Path hosts = writeHosts(replica, number, view);
    Path token = writeToken(replica, number, identity);
    Map<String, String> sidecar =
        Sidecar.environment(
            replica,
            view.sidecars(),
            identity,
            inbound,
            application,
            controlAddress,
            "spiffe://" + view.trustDomain() + "/ns/refmesh-system/sa/control-plane",
            state.roots().toString(),
            token.toString());
    sidecar.putAll(options.sidecarEnvironment());
    List<String> sidecarCommand = Sidecar.command(options.home(), replica);
    Map<String, String> environment =
        applicationEnvironment(replica, number, identity, inbound, application, hosts, view);
    List<String> command = expand(replica.command(), environment);
    if (namespaces.isEmpty()) {
      return new Instance.Setting(
          identity,
          inbound,
          application,
          sidecarCommand,
          sidecar,
          command,
          environment,
          options.folder(),
          Optional.empty());
    }
    Captured captured = new Captured(options.home(), state);
    NetworkNamespace namespace = namespaces.get().create(replica.name(), number, hosts);
    captured.lead(namespace, replica);
    captured.add(sidecar, state.workload(replica.name() + "." + number));
    return new Instance.Setting(
        identity,
        inbound,
        application,
        captured.sidecar(namespace, sidecarCommand),
        sidecar,
        captured.application(namespace, command),
        environment,
        options.folder(),
        Optional.of(namespace));
  }

  /** Writes the names of all services for one instance; again when services come and go. */
  Path writeHosts(Replica replica, int number, FolderView view) throws IOException {
    Map<String, String> services = new TreeMap<>();
    view.services().forEach(service -> services.put(service, network.service(number, service)));
    Path hosts = state.workload(replica.name() + "." + number).resolve("hosts");
    StateFolder.replace(
        hosts,
        HostsFile.of(replica.namespace(), view.clusterDomain(), services)
            .getBytes(StandardCharsets.UTF_8),
        "rw-r--r--");
    return hosts;
  }

  /** Writes a fresh token for one instance. */
  Path writeToken(Replica replica, int number, String identity) throws IOException {
    Path token = state.workload(replica.name() + "." + number).resolve("token");
    tokens().write(token, identity, replica);
    if (namespaces.isPresent()) {
      Captured.give(token);
    }
    return token;
  }

  /**
   * {@code $(NAME)} is replaced as Kubernetes does; {@code java} is the JVM of the mesh; a jar that
   * is not in the folder is looked for among Refmesh's own.
   */
  List<String> expand(List<String> command, Map<String, String> environment) {
    return new Command(options.home(), options.folder()).expand(command, environment);
  }

  private Map<String, String> applicationEnvironment(
      Replica replica,
      int number,
      String identity,
      String inbound,
      String application,
      Path hosts,
      FolderView view) {
    Map<String, String> environment = new LinkedHashMap<>();
    environment.put("REFMESH_HOME", options.home().directory().toString());
    for (String service : view.services()) {
      // Kubernetes' form, for programs that read no hosts file.
      if (service.startsWith(replica.namespace() + "/")) {
        String name =
            service
                .substring(service.indexOf('/') + 1)
                .toUpperCase(java.util.Locale.ROOT)
                .replace('-', '_');
        environment.put(name + "_SERVICE_HOST", network.service(number, service));
      }
    }
    environment.put("MESH_LISTEN_ADDRESS", application);
    environment.put("MESH_HOSTS", hosts.toString());
    environment.put("MESH_ADMIN", "http://" + inbound + ":" + Sidecar.ADMIN_PORT);
    environment.put("MESH_IDENTITY", identity);
    environment.put("MESH_REPLICA", Integer.toString(replica.index()));
    environment.put("MESH_ZONE", replica.zone());
    environment.put("JAVA_TOOL_OPTIONS", "-Djdk.net.hosts.file=" + hosts);
    environment.putAll(replica.env());
    return environment;
  }

  private Tokens tokens() {
    Tokens opened = tokens;
    if (opened == null) {
      throw new IllegalStateException(
          "tokens are asked for before the control plane made its keys");
    }
    return opened;
  }
}
