package io.refmesh.chaos.scenario;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * Requests at a constant rate from the load workload to a service.
 *
 * @param to service of the namespace shop
 * @param timeout after which the client gives up
 * @param expectBodyBytes size that a whole answer has; empty when it is not checked
 */
public record LoadStream(
    String id,
    String to,
    int port,
    String method,
    String path,
    String protocol,
    double ratePerSecond,
    int bodyBytes,
    Map<String, String> headers,
    Duration timeout,
    boolean newConnectionEach,
    Optional<Long> expectBodyBytes) {

  public LoadStream {
    headers = Map.copyOf(headers);
  }
}
