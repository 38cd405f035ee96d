package io.refmesh.proxy.route;

import io.netty.buffer.ByteBufAllocator;
import io.refmesh.proxy.http.BodyCopy;
import io.refmesh.proxy.http.BodyPipe;
import io.refmesh.proxy.http.DroppedBody;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Layer;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.RequestHead;
import io.refmesh.proxy.http.ResponseHead;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Sends a copy of some requests to another service and drops its answers. The copy is an exchange
 * of its own: whatever becomes of it, the request neither waits for it nor hears of it.
 */
public final class MirrorLayer implements Layer {

  /** Copies under way in one rule; more are not made, and counted. */
  static final int UNDER_WAY_MAX = 1_000;

  /** So far may a copy be behind with its body before it is cut. */
  static final int BODY_BYTES_MAX = 256 * 1024;

  /** An answer is read up to here, so that its connection can go on. */
  private static final int ANSWER_BYTES_MAX = 1024 * 1024;

  private final HttpService to;
  private final int numerator;
  private final int denominator;
  private final RandomGenerator random;
  private final MirrorMeters meters;
  private final String route;
  private final AtomicInteger underWay = new AtomicInteger();

  /**
   * @param to takes the copies; it must bound the time they take
   * @param numerator out of {@code denominator} requests are copied
   * @param random used from every event loop
   * @param route name of the copies' route in metrics and logs
   */
  public MirrorLayer(
      HttpService to,
      int numerator,
      int denominator,
      RandomGenerator random,
      MirrorMeters meters,
      String route) {
    this.to = to;
    this.numerator = numerator;
    this.denominator = denominator;
    this.random = random;
    this.meters = meters;
    this.route = route;
  }

  @Override
  public HttpService wrap(HttpService next) {
    return (exchange, reply) -> {
      if (copied(exchange.request())) {
        if (underWay.incrementAndGet() > UNDER_WAY_MAX) {
          underWay.decrementAndGet();
          meters.dropped();
        } else {
          copy(exchange);
        }
      }
      next.handle(exchange, reply);
    };
  }

  /** A tunnel is no request that could be sent twice. */
  private boolean copied(RequestHead request) {
    return !request.opensTunnel()
        && (numerator == denominator || random.nextInt(denominator) < numerator);
  }

  private void copy(Exchange exchange) {
    RequestHead head = exchange.request();
    BodyCopy bodies = null;
    if (!head.endOfStream()) {
      bodies = BodyCopy.of(exchange.body(), BODY_BYTES_MAX, ByteBufAllocator.DEFAULT);
      exchange.body(bodies.first());
    }
    Exchange copy =
        new Exchange(
            exchange.loop(),
            exchange.caller(),
            head.copy(),
            bodies == null ? BodyPipe.empty() : bodies.second(),
            exchange.startNanos());
    copy.route(route);
    Dropping reply = new Dropping(bodies);
    if (bodies != null) {
      bodies.begin();
    }
    // In a task of its own: the request goes first, and an error here is not its error.
    exchange.loop().execute(() -> to.handle(copy, reply));
  }

  /** The way back of a copy, which ends here. */
  private final class Dropping implements Reply {

    private final @Nullable BodyCopy bodies;

    Dropping(@Nullable BodyCopy bodies) {
      this.bodies = bodies;
    }

    @Override
    public void head(ResponseHead head) {
      if (!head.informational()) {
        DroppedBody.of(head.body(), ANSWER_BYTES_MAX);
      }
    }

    @Override
    public void done(Outcome outcome) {
      underWay.decrementAndGet();
      if (bodies != null && bodies.cut()) {
        meters.cut();
      } else if (outcome instanceof Outcome.Answered) {
        meters.answered();
      } else {
        meters.failed();
      }
      if (bodies != null) {
        bodies.second().abandon();
      }
    }
  }
}
