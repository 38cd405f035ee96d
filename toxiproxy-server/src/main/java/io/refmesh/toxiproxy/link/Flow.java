package io.refmesh.toxiproxy.link;

/**
 * How one toxic treats the chunks that its stage holds. A flow is a small state machine that is
 * asked for its next step whenever something may have changed: a chunk came, the next stage has
 * room again, an alarm rang, the input ended.
 */
interface Flow {

  /** Whether the stage may take another chunk; one at a time unless a toxic queues. */
  default boolean hasRoom(Stage stage) {
    return stage.held().isEmpty();
  }

  /** Looks at the chunk that just joined the tail of the queue. */
  default void arrived(Stage stage) {}

  /** Does the next step if it is due and possible; returns whether anything moved. */
  boolean advance(Stage stage, Outlet next);

  /**
   * How many chunks this flow has begun to treat. When the toxic is updated or a neighbour changes,
   * those go out at once as they are; the others meet the new flow.
   */
  default int inHand(Stage stage) {
    return Math.min(1, stage.held().size());
  }
}
