package io.refmesh.proxy.resilience;

import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.concurrent.Future;
import io.refmesh.model.error.MeshError;
import io.refmesh.model.policy.Faults;
import io.refmesh.model.policy.Faults.Effect;
import io.refmesh.model.policy.Faults.Fault;
import io.refmesh.proxy.http.BodyPipe;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Layer;
import io.refmesh.proxy.http.MeshHeaders;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Outcome.Progress;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.RequestHead;
import io.refmesh.proxy.http.ResponseHead;
import io.refmesh.proxy.telemetry.Counter;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Breaks a share of the requests on purpose, as a FaultPolicy says: delays them, answers in place
 * of the server, breaks the connection, or cuts the answer. Stands where the network would break,
 * so that retries and timeouts above it act as they would on the real thing. After the policy's end
 * it does nothing.
 */
public final class FaultLayer implements Layer {

  /** In which sidecar the layer stands. */
  public enum Side {
    /** The caller's: everything may be told. */
    CLIENT("outbound"),
    /** The called one's: strangers are told nothing. */
    SERVER("inbound");

    private final String direction;

    Side(String direction) {
      this.direction = direction;
    }
  }

  private final Faults faults;
  private final Side side;
  private final FaultSlots.Slots slots;
  private final RandomGenerator random;
  private final Counter delayed;
  private final Counter aborted;
  private final Counter reset;
  private final Counter truncated;
  private final Counter skipped;

  /**
   * @param random used from every event loop
   */
  public FaultLayer(
      Faults faults, Side side, FaultSlots slots, RandomGenerator random, ProxyMetrics metrics) {
    this.faults = faults;
    this.side = side;
    this.random = random;
    this.slots = slots.of(faults);
    delayed = injected("delay", metrics);
    aborted = injected("abort", metrics);
    reset = injected("reset", metrics);
    truncated = injected("truncate", metrics);
    skipped = metrics.counter(ProxyMetric.FAULTS_SKIPPED_TOTAL, side.direction, faults.policy());
  }

  @Override
  public HttpService wrap(HttpService next) {
    return (exchange, reply) -> {
      if (slots.ended()) {
        next.handle(exchange, reply);
        return;
      }
      long delayNanos = 0;
      Effect effect = null;
      for (Fault fault : faults.faults()) {
        if (hits(fault, exchange.request())) {
          delayNanos += fault.delay().map(this::nanos).orElse(0L);
          effect = effect == null ? fault.effect().orElse(null) : effect;
        }
      }
      if (delayNanos == 0 && effect == null) {
        next.handle(exchange, reply);
      } else if (slots.tryTake()) {
        new Faulted(exchange, reply, next, effect).begin(delayNanos);
      } else {
        skipped.increment();
        next.handle(exchange, reply);
      }
    };
  }

  private boolean hits(Fault fault, RequestHead request) {
    for (Faults.Header header : fault.headers()) {
      if (!request.headers().contains(header.name(), header.value())) {
        return false;
      }
    }
    if (fault.effect().orElse(null) instanceof Effect.AbortGrpc && !request.grpc()) {
      return false;
    }
    return random.nextInt(100) < fault.percent();
  }

  private long nanos(Faults.Delay delay) {
    long jitter = delay.jitter().toNanos();
    return delay.fixed().toNanos() + (jitter == 0 ? 0 : random.nextLong(jitter + 1));
  }

  /** One request that something happens to. Holds the cancel slot during its delay. */
  private final class Faulted implements Exchange.Holder {

    private final Exchange exchange;
    private final Reply reply;
    private final HttpService next;
    private final @Nullable Effect effect;
    private @Nullable Future<?> timer;

    Faulted(Exchange exchange, Reply reply, HttpService next, @Nullable Effect effect) {
      this.exchange = exchange;
      this.reply = reply;
      this.next = next;
      this.effect = effect;
    }

    void begin(long delayNanos) {
      if (delayNanos == 0) {
        act();
        return;
      }
      delayed.increment();
      // Cancelled already: ends here and now, and the slot is free again.
      exchange.hold(this);
      if (!exchange.isCancelled()) {
        // Nothing is held back any longer than the policy lasts.
        long wait = Math.max(0, Math.min(delayNanos, slots.leftNanos()));
        timer = exchange.loop().schedule(this::waited, wait, TimeUnit.NANOSECONDS);
      }
    }

    @Override
    public void cancelled(Outcome why) {
      if (timer != null) {
        timer.cancel(false);
      }
      slots.free();
      reply.done(why);
    }

    private void waited() {
      exchange.release(this);
      act();
    }

    private void act() {
      switch (slots.ended() ? null : effect) {
        case null -> {
          slots.free();
          next.handle(exchange, reply);
        }
        case Effect.AbortHttp(int status) -> abort(status, grpcStatus(status));
        case Effect.AbortGrpc(int status) -> abort(200, status);
        case Effect.Reset() -> {
          reset.increment();
          slots.free();
          reply.done(broken(Progress.SENT));
        }
        case Effect.Truncate(int bytes) ->
            next.handle(
                exchange,
                new CutReply(
                    exchange, reply, bytes, broken(Progress.HEAD_RECEIVED), truncated, slots));
      }
    }

    private void abort(int status, int grpcStatus) {
      aborted.increment();
      slots.free();
      Http2Headers headers = new DefaultHttp2Headers(false);
      if (side == Side.CLIENT || exchange.caller().meshed()) {
        headers.set(MeshHeaders.ERROR, MeshError.FAULT_INJECTED.code());
      }
      if (exchange.request().grpc()) {
        headers.set("content-type", "application/grpc");
        headers.set("grpc-status", Integer.toString(grpcStatus));
        headers.set("grpc-message", MeshError.FAULT_INJECTED.code());
        reply.head(new ResponseHead(200, headers, BodyPipe.empty(), true));
        reply.done(new Outcome.Answered(200, grpcStatus));
        return;
      }
      if (status != 204 && status != 304) {
        headers.set("content-length", "0");
      }
      reply.head(new ResponseHead(status, headers, BodyPipe.empty(), true));
      reply.done(new Outcome.Answered(status, -1));
    }

    private Outcome.Failed broken(Progress progress) {
      return new Outcome.Failed(MeshError.FAULT_INJECTED, "policy " + faults.policy(), progress);
    }
  }

  private Counter injected(String kind, ProxyMetrics metrics) {
    return metrics.counter(
        ProxyMetric.FAULTS_INJECTED_TOTAL, side.direction, kind, faults.policy());
  }

  /** What a gRPC call is told in place of an HTTP status: as the mesh's own errors do. */
  private static int grpcStatus(int httpStatus) {
    return switch (httpStatus) {
      case 400, 500 -> 13; // INTERNAL
      case 401 -> 16; // UNAUTHENTICATED
      case 403 -> 7; // PERMISSION_DENIED
      case 404 -> 5; // NOT_FOUND
      case 408, 504 -> 4; // DEADLINE_EXCEEDED
      case 429 -> 8; // RESOURCE_EXHAUSTED
      case 501 -> 12; // UNIMPLEMENTED
      case 502, 503 -> 14; // UNAVAILABLE
      default -> 2; // UNKNOWN
    };
  }
}
