package io.refmesh.shop.net;

import io.refmesh.shop.behave.Switchboard;
import io.refmesh.shop.record.Instance;
import io.refmesh.shop.record.ShopRecord;
import io.refmesh.shop.serve.Routes;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ExecutorService;

/** What all connections of the application port share; on its event loop only. */
public final class App {
  final Instance instance;
  final ShopRecord record;
  final Switchboard switchboard;
  final Routes routes;

  /** Where pages that call other services run. */
  final ExecutorService threads;

  final boolean greeting;

  /** Requests that will not end by themselves, to be reset when draining. */
  final Set<Runnable> hanging = new HashSet<>();

  private boolean draining;
  private boolean cuttingOff;

  public App(
      Instance instance,
      ShopRecord record,
      Switchboard switchboard,
      Routes routes,
      ExecutorService threads,
      boolean greeting) {
    this.instance = instance;
    this.record = record;
    this.switchboard = switchboard;
    this.routes = routes;
    this.threads = threads;
    this.greeting = greeting;
  }

  public boolean ready() {
    return !draining && switchboard.behaviour().ready();
  }

  boolean draining() {
    return draining;
  }

  void beginDrain() {
    draining = true;
    Set.copyOf(hanging).forEach(Runnable::run);
  }

  /** The wait of the drain is over: whatever ends from now on was cut off by the shop. */
  void beginCuttingOff() {
    cuttingOff = true;
  }

  boolean cuttingOff() {
    return cuttingOff;
  }

  public Instance instance() {
    return instance;
  }

  public ShopRecord record() {
    return record;
  }

  public Switchboard switchboard() {
    return switchboard;
  }
}
