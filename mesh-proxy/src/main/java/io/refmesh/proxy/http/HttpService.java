package io.refmesh.proxy.http;

/** Handles one exchange on its event loop; does not block; answers through {@code reply}. */
public interface HttpService {

  /**
   * Takes over the exchange: from now on this service, or the one it hands the exchange to, owes
   * {@code reply} exactly one {@link Reply#done}, and holds the cancel slot of the exchange while
   * it waits for something.
   */
  void handle(Exchange exchange, Reply reply);

  /**
   * Told of a request that could not be read or must not be believed: it goes no further than those
   * who count and tell of requests.
   *
   * @param exchange with as much of the head as could be read
   */
  default void refused(Exchange exchange, Reply reply, Outcome.Failed why) {
    reply.done(why);
  }
}
