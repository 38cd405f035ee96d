package io.refmesh.control.registry;

/** A namespace, written down for its annotations; namespaces need not be declared. */
public record Namespace(Metadata metadata, Origin origin) implements Resource {

  @Override
  public String kind() {
    return "Namespace";
  }
}
