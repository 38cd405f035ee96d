package io.refmesh.proxy.telemetry;

import io.refmesh.proxy.http.Outcome;

/**
 * How an exchange or a try ended, as labels tell it.
 *
 * @param classification {@code success} or {@code failure}
 * @param status what the caller got; empty if it got nothing
 * @param grpcStatus number; empty when it is not gRPC
 * @param error code of the error table, or {@code caller-gone}; empty when the application answered
 */
public record Ending(String classification, String status, String grpcStatus, String error) {

  /** The error of an exchange whose caller went away: it is in no table, for nobody is told. */
  public static final String CALLER_GONE = "caller-gone";

  private static final String SUCCESS = "success";
  private static final String FAILURE = "failure";

  /**
   * @param headStatus of the final head that was passed on; 0 if there was none
   * @param headError code that the head carried, put there by the far sidecar; may be empty
   * @param grpc whether the request was gRPC
   */
  static Ending of(Outcome outcome, int headStatus, String headError, boolean grpc) {
    return switch (outcome) {
      case Outcome.Answered(int status, int grpcStatus) ->
          new Ending(
              failed(status, grpcStatus) ? FAILURE : SUCCESS,
              Integer.toString(status),
              grpcStatus < 0 ? "" : Integer.toString(grpcStatus),
              headError);
      case Outcome.Failed failed when headStatus > 0 ->
          new Ending(FAILURE, Integer.toString(headStatus), "", failed.error().code());
      case Outcome.Failed failed when grpc ->
          new Ending(
              FAILURE, "200", Integer.toString(failed.error().grpcStatus()), failed.error().code());
      case Outcome.Failed failed ->
          new Ending(
              FAILURE, Integer.toString(failed.error().httpStatus()), "", failed.error().code());
      case Outcome.CallerGone gone ->
          new Ending(FAILURE, headStatus > 0 ? Integer.toString(headStatus) : "", "", CALLER_GONE);
    };
  }

  /**
   * Whether a whole answer counts as a failure: 5xx, or any gRPC status but OK.
   *
   * @param grpcStatus -1 when it is not gRPC
   */
  public static boolean failed(int status, int grpcStatus) {
    return status >= 500 || grpcStatus > 0;
  }
}
