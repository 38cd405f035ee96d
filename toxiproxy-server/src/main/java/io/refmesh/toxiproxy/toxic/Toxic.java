package io.refmesh.toxiproxy.toxic;

/**
 * One toxic of a proxy as the API shows it.
 *
 * @param stream the direction as the client wrote it, which is how it is read back
 * @param toxicity the chance that the toxic acts on a connection; 1 and more is always, 0 and less
 *     never
 */
public record Toxic(
    String name,
    ToxicType type,
    String stream,
    Direction direction,
    float toxicity,
    Attributes attributes) {

  /** This toxic after an update; nothing else of a toxic can change. */
  public Toxic with(float newToxicity, Attributes newAttributes) {
    return new Toxic(name, type, stream, direction, newToxicity, newAttributes);
  }
}
