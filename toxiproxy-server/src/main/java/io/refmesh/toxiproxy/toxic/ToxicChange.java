package io.refmesh.toxiproxy.toxic;

/** One change of a proxy's toxics, applied to every live link of that toxic's direction. */
public sealed interface ToxicChange {

  /** The toxic as it is after the change, or, for a removal, as it was. */
  Toxic toxic();

  /** A toxic joins the end of its direction's chain. */
  record Added(Toxic toxic) implements ToxicChange {}

  /** A toxic has new attributes or toxicity. */
  record Updated(Toxic toxic) implements ToxicChange {}

  /** A toxic leaves the chain. */
  record Removed(Toxic toxic) implements ToxicChange {}
}
