package io.refmesh.shop.serve;

/** Answers one kind of request. */
@FunctionalInterface
public interface Page {
  /** Throws {@link InterruptedException} when the client left while a call was under way. */
  Answer serve(Ask ask) throws BadAsk, InterruptedException;
}
