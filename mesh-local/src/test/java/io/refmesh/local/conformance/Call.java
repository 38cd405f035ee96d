package io.refmesh.local.conformance;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A request of one workload to a service, or to a workload itself.
 *
 * @param from {@code namespace/workload}
 * @param to {@code namespace/service}; with a @ in front the workload of that name
 * @param authority the Host header
 */
record Call(
    String from,
    String to,
    int port,
    String authority,
    String path,
    Map<String, String> headers,
    boolean grpc) {

  /** By the one whom tests call from, to a service of its own namespace. */
  static Call to(String service, int port, String path) {
    return new Call(
        MeshUnderTest.CALLER,
        MeshUnderTest.NAMESPACE + "/" + service,
        port,
        service + ":" + port,
        path,
        Map.of(),
        false);
  }

  static Call grpc(String service) {
    return new Call(
        MeshUnderTest.CALLER,
        MeshUnderTest.NAMESPACE + "/" + service,
        MeshUnderTest.GRPC,
        service,
        "",
        Map.of(),
        true);
  }

  Call from(String workload) {
    return new Call(workload, to, port, authority, path, headers, grpc);
  }

  Call past(String workload) {
    return new Call(from, "@" + workload, port, authority, path, headers, grpc);
  }

  Call saying(String host) {
    return new Call(from, to, port, host, path, headers, grpc);
  }

  Call with(String name, String value) {
    Map<String, String> more = new LinkedHashMap<>(headers);
    more.put(name, value);
    return new Call(from, to, port, authority, path, more, grpc);
  }
}
