package io.refmesh.model.error;

import java.util.Arrays;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Every error that the mesh itself answers with: the stable code a user sees in {@code
 * x-mesh-error}, in the access log and in metrics, the HTTP status and the gRPC status it becomes,
 * and what to check.
 *
 * <p>Codes never change their meaning; a new failure gets a new code.
 */
public enum MeshError {
  NO_ENDPOINTS(
      "no-endpoints",
      503,
      Grpc.UNAVAILABLE,
      "The service has no endpoint that could be called.",
      "Is a workload with the service's labels running and ready? See `mesh status`."),
  ALL_EJECTED(
      "all-ejected",
      503,
      Grpc.UNAVAILABLE,
      "Every endpoint of the service is ejected after failures.",
      "Look at the answers of the endpoints; /config shows why each was ejected and when it is"
          + " probed next."),
  CONNECT_FAILED(
      "connect-failed",
      502,
      Grpc.UNAVAILABLE,
      "The endpoint refused the connection or could not be reached.",
      "Does the application listen on the address and port that the error names?"),
  CONNECT_TIMEOUT(
      "connect-timeout",
      504,
      Grpc.DEADLINE_EXCEEDED,
      "The endpoint did not take the connection in time.",
      "Is the endpoint overloaded or cut off? The connect timeout is part of ResiliencePolicy."),
  TLS_IDENTITY_MISMATCH(
      "tls-identity-mismatch",
      502,
      Grpc.UNAVAILABLE,
      "The peer proved another identity than the one discovery named.",
      "Is something else listening on the endpoint's address? Nothing was sent to it."),
  TLS_HANDSHAKE_FAILED(
      "tls-handshake-failed",
      502,
      Grpc.UNAVAILABLE,
      "No mutually verified TLS connection could be made.",
      "Compare certificate times, clocks and trust roots of both sides."),
  UPSTREAM_RESET(
      "upstream-reset",
      502,
      Grpc.UNAVAILABLE,
      "The endpoint ended the connection or stream before the answer was complete.",
      "Look at the log of the endpoint's application and sidecar at that time."),
  REQUEST_TIMEOUT(
      "request-timeout",
      504,
      Grpc.DEADLINE_EXCEEDED,
      "The answer was not complete within the request timeout, all tries included.",
      "The timeout is part of the HTTPRoute or ResiliencePolicy; `mesh status` shows the service's"
          + " latency."),
  TRY_TIMEOUT(
      "try-timeout",
      504,
      Grpc.DEADLINE_EXCEEDED,
      "No response head within the timeout of one try.",
      "The timeout is `perTry` of ResiliencePolicy or `backendRequest` of HTTPRoute."),
  IDLE_TIMEOUT(
      "idle-timeout",
      504,
      Grpc.DEADLINE_EXCEEDED,
      "A body paused for longer than the idle timeout.",
      "The timeout is `idle` of ResiliencePolicy."),
  RETRY_BUDGET_SPENT(
      "retry-budget-spent",
      503,
      Grpc.UNAVAILABLE,
      "A retry was due, but the budget for retries is spent; the first failure is returned.",
      "Most requests fail: look at the service, not at the budget."),
  OVERLOADED(
      "overloaded",
      503,
      Grpc.UNAVAILABLE,
      "A limit on requests, streams or connections is reached.",
      "The limits are part of ResiliencePolicy and of the proxy's settings; the metric names the"
          + " one that was hit."),
  RATE_LIMITED(
      "rate-limited",
      429,
      Grpc.RESOURCE_EXHAUSTED,
      "The rate limit of the server is reached.",
      "Wait as long as `retry-after` says, or change the RateLimitPolicy."),
  DENIED(
      "denied",
      403,
      Grpc.PERMISSION_DENIED,
      "The authorization policy does not allow this call.",
      "The answer names the rule; compare with the caller's identity in `mesh status`."),
  NOT_IN_MESH(
      "not-in-mesh",
      404,
      Grpc.NOT_FOUND,
      "No service of the mesh has this name and port.",
      "Spell it service.namespace:port; `mesh status` lists the services. Others are called without"
          + " the proxy (NO_PROXY)."),
  NO_ROUTE(
      "no-route",
      404,
      Grpc.NOT_FOUND,
      "The service has routes and none of them matches the request.",
      "Compare path, method and headers with the HTTPRoutes of the service."),
  INVALID_BACKEND(
      "invalid-backend",
      500,
      Grpc.INTERNAL,
      "The route sends this share of requests to a backend that does not exist.",
      "The route's status names the backend; correct its name, namespace or port."),
  BAD_REQUEST(
      "bad-request",
      400,
      Grpc.INTERNAL,
      "The request breaks the HTTP specification or could be read in two ways.",
      "The text says which rule; the client must be corrected."),
  HEADER_TOO_LARGE(
      "header-too-large",
      431,
      Grpc.RESOURCE_EXHAUSTED,
      "The header section is larger than the limit.",
      "The text names the limit; send fewer or smaller headers."),
  HEADER_TIMEOUT(
      "header-timeout",
      408,
      Grpc.DEADLINE_EXCEEDED,
      "The request head did not arrive in time.",
      "The client is too slow, or something between holds its bytes."),
  FAULT_INJECTED(
      "fault-injected",
      502,
      Grpc.UNAVAILABLE,
      "A FaultPolicy broke the exchange on purpose: aborted it with the status it names, or cut the"
          + " connection.",
      "`mesh status` and /config name the policy and when it ends; remove it to end it now."),
  NOT_READY(
      "not-ready",
      503,
      Grpc.UNAVAILABLE,
      "The proxy has no identity or no configuration yet.",
      "GET /ready of the sidecar's admin port says what it waits for."),
  DRAINING(
      "draining",
      503,
      Grpc.UNAVAILABLE,
      "The proxy is shutting down and takes no new requests.",
      "Send the request again: another endpoint answers."),
  LOOP(
      "loop",
      508,
      Grpc.INTERNAL,
      "The connection was aimed at the proxy's own port.",
      "Call the service by its name and port, not the sidecar.");

  /** Status numbers of gRPC (statuscodes.md of the gRPC specification). */
  private static final class Grpc {
    static final int DEADLINE_EXCEEDED = 4;
    static final int NOT_FOUND = 5;
    static final int PERMISSION_DENIED = 7;
    static final int RESOURCE_EXHAUSTED = 8;
    static final int INTERNAL = 13;
    static final int UNAVAILABLE = 14;
  }

  private static final Map<String, MeshError> BY_CODE =
      Arrays.stream(values()).collect(Collectors.toMap(MeshError::code, Function.identity()));

  private final String code;
  private final int httpStatus;
  private final int grpcStatus;
  private final String meaning;
  private final String check;

  MeshError(String code, int httpStatus, int grpcStatus, String meaning, String check) {
    this.code = code;
    this.httpStatus = httpStatus;
    this.grpcStatus = grpcStatus;
    this.meaning = meaning;
    this.check = check;
  }

  /** The stable code, as in {@code x-mesh-error}. */
  public String code() {
    return code;
  }

  public int httpStatus() {
    return httpStatus;
  }

  public int grpcStatus() {
    return grpcStatus;
  }

  /** One sentence for people: what happened. */
  public String meaning() {
    return meaning;
  }

  /** One sentence for people: what to check. */
  public String check() {
    return check;
  }

  /** The error with this code, or an {@link IllegalArgumentException} that names the code. */
  public static MeshError byCode(String code) {
    MeshError error = BY_CODE.get(code);
    if (error == null) {
      throw new IllegalArgumentException(
          "error code: " + code + " (expected: one of " + BY_CODE.keySet() + ")");
    }
    return error;
  }
}
