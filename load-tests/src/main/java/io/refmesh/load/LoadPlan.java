package io.refmesh.load;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A run as its plan file asks for it: streams that are all sent at once. Made by {@link
 * PlanReader}, which has checked every value.
 */
record LoadPlan(long seed, boolean report, List<StreamPlan> streams) {

  /** How a stream speaks to the first hop. */
  enum Protocol {
    HTTP1,
    H2C,
    HTTPS
  }

  /**
   * Requests to one authority at a constant rate.
   *
   * @param paths taken in turn by arrival number
   * @param expectBodyBytes size of a whole 2xx body, or -1 when it is not checked
   * @param trustStore PEM file of CA certificates; null means the JVM's
   */
  record StreamPlan(
      String id,
      Protocol protocol,
      String host,
      int port,
      String authority,
      String method,
      List<String> paths,
      double ratePerSecond,
      long startAfterMillis,
      long durationMillis,
      int bodyBytes,
      Map<String, String> headers,
      long requestTimeoutMillis,
      boolean newConnectionEach,
      long expectBodyBytes,
      @Nullable Path trustStore,
      String idPrefix) {

    long requestsPlanned() {
      return Math.round(durationMillis / 1000 * ratePerSecond);
    }

    String pathOf(long arrival) {
      return paths.get((int) (arrival % paths.size()));
    }
  }
}
