package io.refmesh.control.registry;

import io.refmesh.model.policy.InboundPolicy;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Reads a Workload. */
final class WorkloadReader {

  private WorkloadReader() {}

  static Workload read(Metadata metadata, Origin origin, Fields spec) {
    List<String> command = spec.words("command");
    if (command.isEmpty()) {
      spec.missing("command", "the program and its arguments, such as [java, -jar, app.jar]");
    }
    List<Workload.Port> ports = ports(spec);
    Fields sidecar = spec.object("sidecar");
    Map<String, String> annotations = sidecar.textMap("annotations");
    if (annotations.containsKey(Annotations.DEFAULT_INBOUND_POLICY)) {
      sidecar
          .object("annotations")
          .parsed(Annotations.DEFAULT_INBOUND_POLICY, InboundPolicy.Default::parse);
    }
    String serviceAccount = spec.text("serviceAccount").orElse("default");
    if (!serviceAccount.matches("[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")) {
      spec.problem(
          "serviceAccount",
          "\""
              + Words.shortened(serviceAccount)
              + "\" (expected: lower case letters, digits, - and .)");
    }
    return new Workload(
        metadata,
        origin,
        command,
        spec.wordMap("env"),
        serviceAccount,
        spec.integer("replicas", 0, 100).orElse(1),
        spec.texts("zones"),
        ports,
        readiness(spec, ports),
        new Workload.Sidecar(
            sidecar
                .oneOf("profile", "standard", "small")
                .orElse(Workload.Sidecar.STANDARD.profile()),
            annotations));
  }

  private static List<Workload.Port> ports(Fields spec) {
    List<Workload.Port> ports = new ArrayList<>();
    Set<Integer> numbers = new HashSet<>();
    Set<String> names = new HashSet<>();
    for (Fields fields : spec.objects("ports")) {
      String name = fields.text("name").orElse("");
      int port = fields.requiredInteger("port", 1, 65_535);
      if (!numbers.add(port)) {
        fields.problem("port", port + " is given twice (expected: each port once)");
      }
      if (!name.isEmpty() && !names.add(name)) {
        fields.problem("name", "\"" + name + "\" is given twice (expected: each name once)");
      }
      ports.add(new Workload.Port(name, port, fields.text("appProtocol").orElse("")));
    }
    return ports;
  }

  private static Optional<Workload.HttpCheck> readiness(Fields spec, List<Workload.Port> ports) {
    if (!spec.has("readiness")) {
      return Optional.empty();
    }
    Fields readiness = spec.object("readiness");
    if (!readiness.has("httpGet")) {
      readiness.missing("httpGet", "{path: /ready, port: 8080}");
    }
    Fields httpGet = readiness.object("httpGet");
    String path = httpGet.text("path").orElse("/");
    if (!path.startsWith("/")) {
      httpGet.problem("path", "\"" + path + "\" (expected: a path that begins with /)");
    }
    if (!httpGet.has("port") && readiness.has("httpGet")) {
      httpGet.missing("port", "the number or name of one of the workload's ports");
    }
    int port = httpGet.word("port").map(word -> port(httpGet, word, ports)).orElse(1);
    return Optional.of(new Workload.HttpCheck(path, port));
  }

  // A check may ask on a port that is not offered to the mesh, so any number will do; a name must
  // be one of the ports.
  private static int port(Fields httpGet, String word, List<Workload.Port> ports) {
    if (word.matches("[0-9]{1,5}")
        && Integer.parseInt(word) >= 1
        && Integer.parseInt(word) <= 65_535) {
      return Integer.parseInt(word);
    }
    return ports.stream()
        .filter(port -> port.name().equals(word))
        .findFirst()
        .map(Workload.Port::port)
        .orElseGet(() -> {
          httpGet.problem(
              "port",
              "\""
                  + Words.shortened(word)
                  + "\" (expected: a port from 1 to 65535 or a name of "
                  + ports.stream().map(Workload.Port::name).toList()
                  + ")");
          return 1;
        });
  }
}
