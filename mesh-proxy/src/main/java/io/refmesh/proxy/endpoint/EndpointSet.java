package io.refmesh.proxy.endpoint;

import java.util.List;

/**
 * The endpoints of a backend at one version, sorted for choosing. Immutable.
 *
 * @param all as discovery names them
 * @param ready those that may be chosen: ready, and of a weight above 0 unless all weigh 0
 * @param local those of {@code ready} in the own zone; empty when zones do not matter
 * @param remote the rest of {@code ready}
 * @param localKnown how many of {@code all} are in the own zone, ready or not
 * @param equal whether all that are ready weigh the same
 */
public record EndpointSet(
    List<Endpoint> all,
    List<Endpoint> ready,
    List<Endpoint> local,
    List<Endpoint> remote,
    int localKnown,
    boolean equal) {

  static final EndpointSet NONE =
      new EndpointSet(List.of(), List.of(), List.of(), List.of(), 0, true);

  /**
   * @param zone the own one; empty when it is not known. Zones matter when every endpoint that is
   *     ready has one and one of them is the own.
   */
  static EndpointSet of(List<Endpoint> all, boolean preferZone, String zone) {
    List<Endpoint> ready = all.stream().filter(e -> e.spec().ready()).toList();
    if (ready.stream().anyMatch(e -> e.spec().weight() > 0)) {
      ready = ready.stream().filter(e -> e.spec().weight() > 0).toList();
    }
    boolean equal = ready.stream().mapToInt(e -> e.spec().weight()).distinct().count() <= 1;
    List<Endpoint> local = List.of();
    if (preferZone && !zone.isEmpty() && ready.stream().noneMatch(e -> e.spec().zone().isEmpty())) {
      local = ready.stream().filter(e -> e.spec().zone().equals(zone)).toList();
    }
    if (local.isEmpty() || local.size() == ready.size()) {
      return new EndpointSet(all, ready, List.of(), ready, 0, equal);
    }
    List<Endpoint> remote = ready.stream().filter(e -> !e.spec().zone().equals(zone)).toList();
    int known = (int) all.stream().filter(e -> e.spec().zone().equals(zone)).count();
    return new EndpointSet(all, ready, local, remote, known, equal);
  }
}
