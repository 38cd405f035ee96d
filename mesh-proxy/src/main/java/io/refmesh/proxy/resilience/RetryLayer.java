package io.refmesh.proxy.resilience;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Ticker;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.policy.RetryCondition;
import io.refmesh.model.policy.RetrySettings;
import io.refmesh.proxy.http.BodyPipe;
import io.refmesh.proxy.http.Decisions;
import io.refmesh.proxy.http.DroppedBody;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Layer;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Outcome.Progress;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.ResponseHead;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Sends a request again when it failed in a way that the policy names and a second effect is out of
 * the question or allowed.
 *
 * <p>A response head is held until it is decided whether it is the answer; once handed to the
 * caller there is no other try. When no retry is possible, the failure itself is the answer.
 */
public final class RetryLayer implements Layer {

  private static final int STATUS_CONTINUE = 100;

  /** A response that is thrown away is read up to here, so that its connection can go on. */
  private static final int DISCARD_BYTES = 64 * 1024;

  private final RetrySettings settings;
  private final RetryConditions conditions;
  private final Backoff backoff;
  private final RetryBudget budget;
  private final Ticker ticker;
  private final RandomGenerator random;
  private final RouteMeters meters;

  /**
   * @param random used from every event loop
   */
  public RetryLayer(
      RetrySettings settings,
      RetryBudget budget,
      Ticker ticker,
      RandomGenerator random,
      RouteMeters meters) {
    this.settings = settings;
    this.budget = budget;
    this.ticker = ticker;
    this.random = random;
    this.meters = meters;
    conditions = new RetryConditions(settings.on());
    backoff = Backoff.of(settings.backoffBase(), settings.backoffMax());
  }

  @Override
  public HttpService wrap(HttpService next) {
    return (exchange, reply) -> new Retrying(exchange, reply, next).begin();
  }

  /** One exchange with all its tries. Holds the cancel slot during the back-off only. */
  private final class Retrying implements Exchange.Holder {

    private final Exchange exchange;
    private final Reply reply;
    private final HttpService next;
    private @Nullable ReplayBuffer replay;
    private @Nullable Try current;
    private @Nullable DroppedBody discarded;
    private @Nullable Future<?> timer;
    private int retries;
    private boolean continued;
    private boolean unrepeatable;

    Retrying(Exchange exchange, Reply reply, HttpService next) {
      this.exchange = exchange;
      this.reply = reply;
      this.next = next;
    }

    void begin() {
      budget.request();
      if (!exchange.request().endOfStream()) {
        if (announcedBytes(exchange) > settings.bodyLimitBytes()) {
          unrepeatable = true;
        } else {
          replay =
              new ReplayBuffer(
                  exchange.body(), settings.bodyLimitBytes(), ByteBufAllocator.DEFAULT);
          exchange.body(replay.first());
        }
      }
      send();
    }

    private void send() {
      Try attempt = new Try(this);
      current = attempt;
      next.handle(exchange, attempt);
    }

    /** A final head came: hands it on, or begins another try and throws this response away. */
    void head(Try from, ResponseHead head) {
      if (head.informational()) {
        informational(head);
        return;
      }
      RetryCondition met = conditions.met(head, exchange.request().grpc(), fromSidecar());
      String failure = met == null ? "" : Integer.toString(head.status());
      long delayNanos = met == null ? -1 : maybeRetryAfterNanos(Progress.HEAD_RECEIVED, failure);
      if (met == null && mayFailInTrailers(head)) {
        // Attached before it is known whose answer it is: no byte of it has gone on.
        new HeldHead(head, bodyOf(head), new ByTrailers(from)).hold();
        return;
      }
      if (met == null || delayNanos < 0) {
        answer(from, head);
        return;
      }
      current = null;
      discard(head);
      retry(met, delayNanos, failure);
    }

    private void answer(Try from, ResponseHead head) {
      commit();
      from.committed = true;
      reply.head(head);
    }

    /**
     * While the request is still on its way its sender may wait for the head of the response, which
     * therefore is not kept back.
     */
    private boolean mayFailInTrailers(ResponseHead head) {
      return exchange.request().grpc()
          && conditions.waitForTrailers(head)
          && (exchange.request().endOfStream() || (replay != null && replay.ended()));
    }

    /** Judges a response of gRPC that ends before its first byte. */
    private final class ByTrailers implements HeldHead.Judge {

      private final Try from;

      ByTrailers(Try from) {
        this.from = from;
      }

      @Override
      public void answer(ResponseHead head) {
        Retrying.this.answer(from, head);
      }

      @Override
      public boolean again(ResponseHead head, Http2Headers trailers) {
        RetryCondition met = conditions.met(head.status(), trailers, true);
        if (met == null || current != from) {
          return false;
        }
        String failure = Integer.toString(head.status());
        long delayNanos = maybeRetryAfterNanos(Progress.HEAD_RECEIVED, failure);
        if (delayNanos < 0) {
          return false;
        }
        current = null;
        retry(met, delayNanos, failure);
        return true;
      }
    }

    private boolean fromSidecar() {
      EndpointSpec endpoint = exchange.endpoint();
      return endpoint != null && endpoint.identity().isPresent();
    }

    /** The current try is over. */
    void done(Try from, Outcome outcome) {
      current = null;
      if (!from.committed && outcome instanceof Outcome.Failed failed) {
        RetryCondition met = conditions.met(failed, exchange.request().grpc());
        if (met != null) {
          String failure = failed.error().code();
          long delayNanos = maybeRetryAfterNanos(failed.progress(), failure);
          if (delayNanos >= 0) {
            retry(met, delayNanos, failure);
            return;
          }
        }
      }
      close();
      reply.done(outcome);
    }

    /** The exchange is cancelled during the back-off. */
    @Override
    public void cancelled(Outcome why) {
      if (timer != null) {
        timer.cancel(false);
      }
      dropDiscarded();
      close();
      reply.done(why);
    }

    /** How long to wait before another try; negative when there must be none. */
    private long maybeRetryAfterNanos(Progress progress, String failure) {
      if (exchange.isCancelled()) {
        return -1;
      }
      boolean unseen = progress == Progress.NOT_SENT || progress == Progress.REFUSED;
      if (!unseen && !settings.nonIdempotent() && !exchange.request().idempotent()) {
        return skip("non-idempotent", failure);
      }
      if (retries >= settings.attempts()) {
        return skip("attempts", failure);
      }
      if (unrepeatable || (replay != null && !replay.replayable())) {
        return skip("body", failure);
      }
      long delayNanos = backoff.nanos(retries + 1, random);
      if (exchange.deadlineNanos() != Exchange.NO_DEADLINE
          && exchange.deadlineNanos() - ticker.nanoTime() <= delayNanos) {
        return skip("deadline", failure);
      }
      if (!budget.tryRetry()) {
        return skip("budget", failure);
      }
      return delayNanos;
    }

    private long skip(String reason, String failure) {
      meters.skipped(reason);
      note(failure, reason, false, 0);
      return -1;
    }

    private void note(String failure, String then, boolean again, long delayNanos) {
      exchange
          .decisions()
          .failedTry(
              new Decisions.FailedTry(
                  exchange.tries(), exchange.endpoint(), failure, then, again, delayNanos));
    }

    private void retry(RetryCondition met, long delayNanos, String failure) {
      retries++;
      meters.retried(met.text());
      note(failure, met.text(), true, delayNanos);
      exchange.avoid(exchange.endpoint());
      exchange.body(replay == null ? BodyPipe.empty() : replay.next());
      // The slot is ours before the timer is: a cancelled exchange ends here and now.
      exchange.hold(this);
      if (!exchange.isCancelled()) {
        timer = exchange.loop().schedule(this::again, delayNanos, TimeUnit.NANOSECONDS);
      }
    }

    private void again() {
      timer = null;
      exchange.release(this);
      dropDiscarded();
      if (replay != null) {
        replay.cutBefore();
      }
      send();
    }

    private void informational(ResponseHead head) {
      if (head.status() == STATUS_CONTINUE) {
        if (continued) {
          return;
        }
        continued = true;
      }
      reply.head(head);
    }

    /** A server that answers before it has the whole request is told to stop at once. */
    private void discard(ResponseHead head) {
      discarded = DroppedBody.of(head.body(), DISCARD_BYTES);
      if (replay != null && !replay.ended()) {
        dropDiscarded();
      }
    }

    private void dropDiscarded() {
      if (discarded != null) {
        discarded.giveUp();
        discarded = null;
      }
    }

    private void close() {
      if (replay != null) {
        replay.close();
      }
    }

    private void commit() {
      if (replay != null) {
        replay.commit();
      }
    }
  }

  /** The way back of one try; silent once another has begun. */
  private static final class Try implements Reply {

    private final Retrying retrying;
    private boolean committed;

    Try(Retrying retrying) {
      this.retrying = retrying;
    }

    @Override
    public void head(ResponseHead head) {
      if (retrying.current == this) {
        retrying.head(this, head);
      } else if (head.body() != null) {
        head.body().abandon();
      }
    }

    @Override
    public void done(Outcome outcome) {
      if (retrying.current == this) {
        retrying.done(this, outcome);
      }
    }
  }

  private static BodyPipe bodyOf(ResponseHead head) {
    BodyPipe body = head.body();
    if (body == null) {
      throw new IllegalStateException("a final head has a body pipe (found: none)");
    }
    return body;
  }

  /** What content-length says; 0 without one, since such a body is kept until it is too long. */
  private static long announcedBytes(Exchange exchange) {
    CharSequence length = exchange.request().headers().get("content-length");
    if (length == null) {
      return 0;
    }
    try {
      return Long.parseLong(length, 0, length.length(), 10);
    } catch (NumberFormatException e) {
      // The server would have refused it; without a usable number the limit decides.
      return 0;
    }
  }
}
