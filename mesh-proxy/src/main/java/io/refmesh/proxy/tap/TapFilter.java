package io.refmesh.proxy.tap;

import io.refmesh.model.identity.SpiffeId;
import io.refmesh.model.wire.v1.TapRequest;
import io.refmesh.proxy.http.RequestHead;
import io.refmesh.proxy.telemetry.ObservedExchange;
import io.refmesh.proxy.telemetry.RequestTarget;
import java.util.Locale;

/**
 * Which exchanges a tap is told of. What the request says is asked when it comes; status and the
 * identity of an endpoint are known only when there is a response.
 */
record TapFilter(
    String direction,
    String method,
    String pathPrefix,
    String authority,
    String peer,
    int statusClass) {

  private static final int STATUS_CLASS_MAX = 5;

  /** Or an exception that says which filter cannot be used and why. */
  static TapFilter of(TapRequest request) {
    String direction = request.getDirection();
    if (!direction.isEmpty() && !direction.equals("inbound") && !direction.equals("outbound")) {
      throw new IllegalArgumentException(
          "direction: " + direction + " (expected: inbound, outbound or nothing)");
    }
    if (!request.getPeer().isEmpty() && SpiffeId.maybeParse(request.getPeer()).isEmpty()) {
      throw new IllegalArgumentException(
          "peer: " + request.getPeer() + " (expected: an identity, spiffe://…)");
    }
    if (request.getStatusClass() < 0 || request.getStatusClass() > STATUS_CLASS_MAX) {
      throw new IllegalArgumentException(
          "status_class: " + request.getStatusClass() + " (expected: 1 to 5, or 0 for any)");
    }
    return new TapFilter(
        direction,
        request.getMethod().toUpperCase(Locale.ROOT),
        request.getPathPrefix(),
        request.getAuthority().toLowerCase(Locale.ROOT),
        request.getPeer(),
        request.getStatusClass());
  }

  /** As far as the request shows. */
  boolean matchesRequest(ObservedExchange exchange) {
    RequestHead request = exchange.request();
    return (direction.isEmpty() || direction.equals(exchange.direction()))
        && (method.isEmpty() || method.equals(request.method()))
        && (pathPrefix.isEmpty() || request.path().startsWith(pathPrefix))
        && (authority.isEmpty() || authority.equalsIgnoreCase(request.authority()))
        && (peer.isEmpty() || outbound(exchange) || peer.equals(exchange.clientId()));
  }

  /** Whether {@link #matchesResponse} has to be asked before anything is told. */
  boolean needsResponse(ObservedExchange exchange) {
    return statusClass > 0 || (!peer.isEmpty() && outbound(exchange));
  }

  /**
   * @param status that the caller gets; 0 for none
   */
  boolean matchesResponse(ObservedExchange exchange, int status) {
    return (statusClass == 0 || status / 100 == statusClass)
        && (peer.isEmpty()
            || !outbound(exchange)
            || peer.equals(exchange.target().instance(exchange.endpoint()).serverId()));
  }

  private static boolean outbound(ObservedExchange exchange) {
    return exchange.target() instanceof RequestTarget.Outbound;
  }
}
