package io.refmesh.proxy.telemetry;

import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.proxy.http.BodyPipe;
import io.refmesh.proxy.http.Caller;
import io.refmesh.proxy.http.Decisions;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.RequestHead;
import org.jspecify.annotations.Nullable;

/**
 * One exchange as observers see it: the request as it came, and, once it is over, what became of
 * it. Belongs to the event loop of the exchange.
 */
public abstract class ObservedExchange {

  private final RequestTarget target;
  private final Exchange exchange;
  // As they were before filters rewrote and retries replayed them.
  private final RequestHead request;
  private final String clientId;
  private final BodyPipe requestBody;
  @Nullable BodyPipe responseBody;
  int status;
  long headNanos;
  long processingNanos;
  long totalNanos;
  @Nullable Ending ending;
  String detail = "";
  private @Nullable Span span;
  private @Nullable Object mark;

  ObservedExchange(RequestTarget target, Exchange exchange) {
    this.target = target;
    this.exchange = exchange;
    request = exchange.request();
    requestBody = exchange.body();
    clientId = exchange.caller().identity().map(SpiffeId::uri).orElse("");
  }

  /** {@code inbound} or {@code outbound}. */
  public String direction() {
    return target.direction();
  }

  public RequestTarget target() {
    return target;
  }

  public Caller caller() {
    return exchange.caller();
  }

  /** The verified identity of the caller; may be empty. */
  public String clientId() {
    return clientId;
  }

  /** The request head as it came; its fields as they are now. */
  public RequestHead request() {
    return request;
  }

  public long requestBytes() {
    return requestBody.received();
  }

  /** Of the final response head; 0 before it, or when there was none. */
  public int status() {
    return status;
  }

  public long responseBytes() {
    return responseBody == null ? 0 : responseBody.received();
  }

  /** Request head to response head; 0 when there was none. */
  public long headNanos() {
    return headNanos;
  }

  /** Request head to the end; 0 before it. */
  public long totalNanos() {
    return totalNanos;
  }

  /** Of the total, what the proxy itself worked; 0 when no observer wants to know. */
  public long processingNanos() {
    return processingNanos;
  }

  /** How it ended; only to be asked in {@link ExchangeObserver#ended}. */
  public Ending ending() {
    if (ending == null) {
      throw new IllegalStateException("the exchange has not ended");
    }
    return ending;
  }

  /** What an error of the mesh says beside its code; may be empty. */
  public String detail() {
    return detail;
  }

  /** Name of the rule that matched; may be empty. */
  public String route() {
    return exchange.route();
  }

  /** {@code namespace/service:port} of the backend chosen; may be empty. */
  public String backend() {
    return exchange.backend();
  }

  /** Of the last try; null when none was chosen. */
  public @Nullable EndpointSpec endpoint() {
    return exchange.endpoint();
  }

  /** Towards the own application there is one, and nobody counts it. */
  public int tries() {
    return exchange.tries() == 0 && exchange.endpoint() != null ? 1 : exchange.tries();
  }

  /** What was decided about it on its way. */
  public Decisions decisions() {
    return exchange.decisions();
  }

  /** Hex digits of the trace that the request belongs to; may be empty. */
  public String traceId() {
    return span == null ? TraceId.of(request.headers()) : span.traceId();
  }

  @Nullable Span span() {
    return span;
  }

  void span(Span begun) {
    span = begun;
  }

  /** What a tap has put there; null at first. */
  public @Nullable Object mark() {
    return mark;
  }

  public void mark(Object newMark) {
    mark = newMark;
  }

  void ended(Outcome outcome, Ending how, long nanos) {
    ending = how;
    totalNanos = nanos;
    if (outcome instanceof Outcome.Failed failed) {
      detail = failed.detail();
    }
  }
}
