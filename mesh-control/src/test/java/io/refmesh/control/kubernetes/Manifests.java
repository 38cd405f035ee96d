package io.refmesh.control.kubernetes;

import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/** Objects as an API server gives them, written as YAML. */
final class Manifests {

  private static final YAMLMapper YAML = YAMLMapper.builder().build();

  private Manifests() {}

  static JsonNode of(String yaml) {
    return YAML.readTree(yaml);
  }

  /** A running pod of {@code shop} with a sidecar, whose status a test may add to. */
  static String pod(String name, String address, String more) {
    return """
    apiVersion: v1
    kind: Pod
    metadata:
      name: %s
      namespace: shop
      uid: 6c1d
      resourceVersion: "17"
      creationTimestamp: "2026-11-23T10:00:00Z"
      labels: {app: cart}
      annotations:
        refmesh.io/injected: "true"
        kubectl.kubernetes.io/restartedAt: today
      managedFields: [{manager: kubectl}]
    spec:
      serviceAccountName: cart
      nodeName: worker-1
      containers:
      - name: app
        ports: [{name: http, containerPort: 8080}]
    status:
      phase: Running
      podIP: %s
      podIPs: [{ip: %s}]
    %s
    """
        .formatted(name, address, address, more);
  }

  static final String READY = "  conditions: [{type: Ready, status: \"True\"}]\n";
}
