package io.refmesh.proxy.telemetry;

import io.refmesh.proxy.http.ResponseHead;

/**
 * Is told of every exchange besides the metrics: the access log, traces, the flight recorder, taps.
 * On the event loop of the exchange, so it must not block; it keeps nothing of the exchange after
 * {@link #ended}.
 */
public interface ExchangeObserver {

  /** The request head has arrived; nobody else has seen it yet. */
  default void requested(ObservedExchange exchange) {}

  /** The final response head is on its way to the caller. */
  default void responded(ObservedExchange exchange, ResponseHead head) {}

  /** The exchange is over; what it became is known. */
  default void ended(ObservedExchange exchange) {}

  /**
   * Whether {@link ObservedExchange#processingNanos} is wanted, which costs some looks at the
   * clock.
   */
  default boolean wantsProcessingTime() {
    return false;
  }
}
