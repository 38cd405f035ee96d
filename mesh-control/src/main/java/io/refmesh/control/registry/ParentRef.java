package io.refmesh.control.registry;

import java.util.ArrayList;
import java.util.List;

/**
 * A Service whose callers a route is about.
 *
 * @param port 0 for every port of the service
 */
public record ParentRef(String namespace, String name, int port) {

  /** Whether this names a port of a service. */
  public boolean names(Service service, Service.Port candidate) {
    return namespace.equals(service.metadata().namespace())
        && name.equals(service.metadata().name())
        && (port == 0 || port == candidate.port());
  }

  /** Reads {@code parentRefs}, which all routes share. */
  static List<ParentRef> read(Metadata metadata, Fields spec) {
    List<ParentRef> parents = new ArrayList<>();
    for (Fields parent : spec.objects("parentRefs")) {
      if (!parent.has("kind")) {
        parent.missing("kind", "Service; Gateway API reads an absent kind as Gateway");
      }
      ServiceRef.check(parent, "parent of a route in a mesh");
      // A Service's port may be named twice over: by number, and by its name as a section.
      parent.ignore("sectionName");
      parents.add(
          new ParentRef(
              parent.text("namespace").orElse(metadata.namespace()),
              parent.requiredText("name", "the Service's name"),
              parent.integer("port", 1, 65_535).orElse(0)));
    }
    if (parents.isEmpty()) {
      spec.missing(
          "parentRefs", "at least one Service, such as [{kind: Service, name: cart, port: 8080}]");
    }
    return parents;
  }
}
