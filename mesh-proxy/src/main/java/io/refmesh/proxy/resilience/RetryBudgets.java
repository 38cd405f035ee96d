package io.refmesh.proxy.resilience;

import io.netty.util.concurrent.Ticker;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.policy.RetrySettings;
import java.util.HashMap;
import java.util.Map;

/**
 * The retry budgets of a proxy, one per service; what is spent stays spent when a new snapshot
 * comes. Safe on any thread.
 */
public final class RetryBudgets {

  private record Key(ServicePort service, RetrySettings.Budget settings) {}

  private final Ticker ticker;

  // Guarded by this.
  private final Map<Key, RetryBudget> budgets = new HashMap<>();

  public RetryBudgets(Ticker ticker) {
    this.ticker = ticker;
  }

  /** The budget of a service; rules with the same settings share it. */
  public synchronized RetryBudget of(ServicePort service, RetrySettings.Budget settings) {
    return budgets.computeIfAbsent(
        new Key(service, settings), key -> new RetryBudget(settings, ticker));
  }

  /** The service is not called any more. */
  public synchronized void forget(ServicePort service) {
    budgets.keySet().removeIf(key -> key.service.equals(service));
  }
}
