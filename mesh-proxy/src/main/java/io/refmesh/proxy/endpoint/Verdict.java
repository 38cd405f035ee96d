package io.refmesh.proxy.endpoint;

import io.refmesh.proxy.http.Outcome;

/** What one try says about the endpoint that it went to. */
public enum Verdict {
  SUCCESS,
  FAILURE,
  /** It works and wants less: counts against its success rate, not as a failure in a row. */
  THROTTLED,
  /** Nothing: the caller went away, or the mesh itself refused. */
  NONE;

  private static final int TOO_MANY_REQUESTS = 429;
  private static final int RESOURCE_EXHAUSTED = 8;

  /**
   * Server errors, failing gRPC statuses, connection failures and timeouts count against the
   * endpoint; client errors do not.
   */
  public static Verdict of(Outcome outcome) {
    return switch (outcome) {
      case Outcome.Answered(int status, int grpcStatus) ->
          status >= 500 || grpcFailure(grpcStatus)
              ? FAILURE
              : status == TOO_MANY_REQUESTS || grpcStatus == RESOURCE_EXHAUSTED
                  ? THROTTLED
                  : SUCCESS;
      case Outcome.CallerGone gone -> NONE;
      case Outcome.Failed failed -> of(failed);
    };
  }

  private static Verdict of(Outcome.Failed failed) {
    return switch (failed.error()) {
      case CONNECT_FAILED,
          CONNECT_TIMEOUT,
          TLS_IDENTITY_MISMATCH,
          TLS_HANDSHAKE_FAILED,
          UPSTREAM_RESET,
          REQUEST_TIMEOUT,
          TRY_TIMEOUT ->
          FAILURE;
      // A pause before the response head is the caller's, in the middle of the response the
      // endpoint's.
      case IDLE_TIMEOUT -> failed.progress() == Outcome.Progress.HEAD_RECEIVED ? FAILURE : NONE;
      case NO_ENDPOINTS,
          ALL_EJECTED,
          RETRY_BUDGET_SPENT,
          OVERLOADED,
          RATE_LIMITED,
          DENIED,
          NOT_IN_MESH,
          NO_ROUTE,
          INVALID_BACKEND,
          FAULT_INJECTED,
          BAD_REQUEST,
          HEADER_TOO_LARGE,
          HEADER_TIMEOUT,
          NOT_READY,
          DRAINING,
          LOOP ->
          NONE;
    };
  }

  /** Unknown, deadline exceeded, permission denied, internal, unavailable, data loss: Linkerd's. */
  private static boolean grpcFailure(int grpcStatus) {
    return switch (grpcStatus) {
      case 2, 4, 7, 13, 14, 15 -> true;
      default -> false;
    };
  }
}
