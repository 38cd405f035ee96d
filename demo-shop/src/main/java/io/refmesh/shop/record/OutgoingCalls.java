package io.refmesh.shop.record;

import java.util.Map;
import java.util.TreeMap;

/** The calls that this instance made, by the service called: a handful of names. */
public final class OutgoingCalls {
  private final Map<String, Counts> services = new TreeMap<>();

  public void started(String service) {
    of(service).started++;
  }

  public void answered(String service, int status) {
    of(service).status.merge(Integer.toString(status), 1L, Long::sum);
  }

  public void failed(String service) {
    of(service).failed++;
  }

  void clear() {
    services.clear();
  }

  Map<String, View> view() {
    Map<String, View> view = new TreeMap<>();
    services.forEach((name, counts) ->
        view.put(name, new View(counts.started, counts.failed, new TreeMap<>(counts.status))));
    return view;
  }

  private Counts of(String service) {
    return services.computeIfAbsent(service, name -> new Counts());
  }

  private static final class Counts {
    private long started;
    private long failed;
    private final Map<String, Long> status = new TreeMap<>();
  }

  /** {@code failed} calls had no answer at all. */
  public record View(long started, long failed, Map<String, Long> status) {}
}
