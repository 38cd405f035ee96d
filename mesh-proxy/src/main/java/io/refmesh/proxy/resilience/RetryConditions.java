package io.refmesh.proxy.resilience;

import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import io.refmesh.model.error.MeshError;
import io.refmesh.model.policy.RetryCondition;
import io.refmesh.proxy.http.MeshHeaders;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Outcome.Progress;
import io.refmesh.proxy.http.ResponseHead;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which failures a policy lets be tried again. Pure. */
record RetryConditions(List<RetryCondition> on) {

  private static final AsciiString GRPC_STATUS = AsciiString.cached("grpc-status");

  /**
   * The condition that a response head meets; null if none.
   *
   * @param meshed whether a sidecar sent it: what befell its own call of the application is then
   *     told by the error's code, and meets the same conditions as if it had befallen ours
   */
  @Nullable RetryCondition met(ResponseHead head, boolean grpc, boolean meshed) {
    return met(
        head.status(), head.headers(), grpc, meshed ? head.headers().get(MeshHeaders.ERROR) : null);
  }

  /**
   * Whether the verdict on a response may have to wait for its trailers: its head says nothing of
   * gRPC's status, and a condition asks for it.
   */
  boolean waitForTrailers(ResponseHead head) {
    return !head.endOfStream()
        && !head.headers().contains(GRPC_STATUS)
        && on.stream().anyMatch(RetryCondition.GrpcStatus.class::isInstance);
  }

  /**
   * The condition that a response meets; null if none.
   *
   * @param fields of the head, or trailers
   */
  @Nullable RetryCondition met(int status, Http2Headers fields, boolean grpc) {
    return met(status, fields, grpc, null);
  }

  private @Nullable RetryCondition met(
      int status, Http2Headers fields, boolean grpc, @Nullable CharSequence error) {
    int grpcStatus = grpc ? grpcStatus(fields) : -1;
    for (RetryCondition condition : on) {
      boolean met =
          switch (condition) {
            case RetryCondition.Status(int from, int to) -> status >= from && status <= to;
            case RetryCondition.GrpcStatus(int code) -> grpcStatus == code;
            case RetryCondition.ConnectFailure c ->
                is(MeshError.CONNECT_FAILED, error) || is(MeshError.CONNECT_TIMEOUT, error);
            case RetryCondition.Reset c -> is(MeshError.UPSTREAM_RESET, error);
            case RetryCondition.RefusedStream c -> false;
            case RetryCondition.PerTryTimeout c -> false;
          };
      if (met) {
        return condition;
      }
    }
    return null;
  }

  /**
   * The condition that a try without a response meets; null if none. Only what an endpoint caused
   * comes into question. It meets a status condition by the status that the caller would be given.
   */
  @Nullable RetryCondition met(Outcome.Failed failed, boolean grpc) {
    if (!causedByEndpoint(failed.error()) || failed.progress() == Progress.HEAD_RECEIVED) {
      return null;
    }
    for (RetryCondition condition : on) {
      boolean met =
          switch (condition) {
            case RetryCondition.Status(int from, int to) ->
                failed.error().httpStatus() >= from && failed.error().httpStatus() <= to;
            case RetryCondition.GrpcStatus(int code) -> grpc && failed.error().grpcStatus() == code;
            case RetryCondition.ConnectFailure c -> failed.progress() == Progress.NOT_SENT;
            case RetryCondition.Reset c ->
                failed.error() == MeshError.UPSTREAM_RESET
                    || failed.error() == MeshError.FAULT_INJECTED;
            case RetryCondition.RefusedStream c -> failed.progress() == Progress.REFUSED;
            case RetryCondition.PerTryTimeout c -> failed.error() == MeshError.TRY_TIMEOUT;
          };
      if (met) {
        return condition;
      }
    }
    return null;
  }

  private static boolean causedByEndpoint(MeshError error) {
    return switch (error) {
      case CONNECT_FAILED,
          CONNECT_TIMEOUT,
          TLS_IDENTITY_MISMATCH,
          TLS_HANDSHAKE_FAILED,
          UPSTREAM_RESET,
          FAULT_INJECTED,
          TRY_TIMEOUT ->
          true;
      case NO_ENDPOINTS,
          ALL_EJECTED,
          REQUEST_TIMEOUT,
          IDLE_TIMEOUT,
          RETRY_BUDGET_SPENT,
          OVERLOADED,
          RATE_LIMITED,
          DENIED,
          NOT_IN_MESH,
          NO_ROUTE,
          INVALID_BACKEND,
          BAD_REQUEST,
          HEADER_TOO_LARGE,
          HEADER_TIMEOUT,
          NOT_READY,
          DRAINING,
          LOOP ->
          false;
    };
  }

  private static boolean is(MeshError error, @Nullable CharSequence code) {
    return code != null && error.code().contentEquals(code);
  }

  private static int grpcStatus(Http2Headers fields) {
    CharSequence status = fields.get(GRPC_STATUS);
    if (status == null) {
      return -1;
    }
    try {
      return Integer.parseInt(status, 0, status.length(), 10);
    } catch (NumberFormatException e) {
      // Not a status: the caller gets it as it is.
      return -1;
    }
  }
}
