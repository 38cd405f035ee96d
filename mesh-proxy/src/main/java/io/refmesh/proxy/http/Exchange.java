package io.refmesh.proxy.http;

import io.netty.channel.EventLoop;
import io.refmesh.model.discovery.EndpointSpec;
import org.jspecify.annotations.Nullable;

/**
 * One request and everything known about it while the proxy works on it. Belongs to one event loop;
 * nothing of it is safe on another thread.
 *
 * <h2>Stopping</h2>
 *
 * There is one way to stop: {@link #cancel}. Whoever will call done next holds the cancel slot and
 * is told; it ends what it is doing and answers {@code done} with the given outcome, which climbs
 * back through the layers as usual. A cancelled exchange stays cancelled: a later holder is told at
 * once. {@link #cancelTry} is for the current try only: it tells the holder, and what climbs back
 * may be tried again.
 */
public final class Exchange {

  /** Whoever will call done next; told at most once. */
  public interface Holder {
    void cancelled(Outcome why);
  }

  /** {@link #deadlineNanos()} of an exchange that may take as long as it likes. */
  public static final long NO_DEADLINE = Long.MAX_VALUE;

  private final EventLoop loop;
  private final Caller caller;
  private final long startNanos;
  private RequestHead request;
  private BodyPipe body;
  private int tries;
  private long deadlineNanos = NO_DEADLINE;
  private String route = "";
  private String backend = "";
  private @Nullable EndpointSpec endpoint;
  private @Nullable EndpointSpec avoid;
  private @Nullable Holder holder;
  private @Nullable Outcome cancelled;
  private final Decisions decisions = new Decisions();

  /**
   * @param startNanos when the request head had arrived, on the proxy's ticker
   */
  public Exchange(
      EventLoop loop, Caller caller, RequestHead request, BodyPipe body, long startNanos) {
    this.loop = loop;
    this.caller = caller;
    this.request = request;
    this.body = body;
    this.startNanos = startNanos;
  }

  public EventLoop loop() {
    return loop;
  }

  public Caller caller() {
    return caller;
  }

  public long startNanos() {
    return startNanos;
  }

  public RequestHead request() {
    return request;
  }

  /** Replaces the head: for filters that rewrite it. */
  public void request(RequestHead rewritten) {
    request = rewritten;
  }

  /** The request's body for the next step: the application's, or a replay of it. */
  public BodyPipe body() {
    return body;
  }

  /** Replaces the body for the next step: for the replay buffer, once per try. */
  public void body(BodyPipe replacement) {
    body = replacement;
  }

  /** Tries begun, the current one included; 0 before the first. */
  public int tries() {
    return tries;
  }

  public void beginTry() {
    tries++;
    endpoint = null;
  }

  /** On the proxy's ticker; {@link #NO_DEADLINE} for none. */
  public long deadlineNanos() {
    return deadlineNanos;
  }

  public void deadlineNanos(long deadline) {
    deadlineNanos = deadline;
  }

  /** Name of the rule that matched, for labels; empty before routing. */
  public String route() {
    return route;
  }

  public void route(String name) {
    route = name;
  }

  /** {@code namespace/service:port} of the backend chosen, for labels; empty before routing. */
  public String backend() {
    return backend;
  }

  public void backend(String name) {
    backend = name;
  }

  /** The endpoint of the current try; null before the balancer chose. */
  public @Nullable EndpointSpec endpoint() {
    return endpoint;
  }

  public void endpoint(EndpointSpec chosen) {
    endpoint = chosen;
  }

  /** What was decided about it so far. */
  public Decisions decisions() {
    return decisions;
  }

  /** The endpoint that the last try failed on: the balancer prefers another. */
  public @Nullable EndpointSpec avoid() {
    return avoid;
  }

  public void avoid(@Nullable EndpointSpec failed) {
    avoid = failed;
  }

  /**
   * Takes the cancel slot. If the exchange is cancelled already, the holder is told before this
   * returns.
   */
  public void hold(Holder newHolder) {
    if (cancelled != null) {
      holder = null;
      newHolder.cancelled(cancelled);
    } else {
      holder = newHolder;
    }
  }

  /** Gives the slot back without being told: call before {@code done}. */
  public void release(Holder oldHolder) {
    if (holder == oldHolder) {
      holder = null;
    }
  }

  /** Ends the exchange for good: the deadline passed, or the caller went away. */
  public void cancel(Outcome why) {
    if (cancelled != null) {
      return;
    }
    cancelled = why;
    tellHolder(why);
  }

  /** Ends the current try; nothing happens when nobody holds the slot. */
  public void cancelTry(Outcome.Failed why) {
    if (cancelled == null) {
      tellHolder(why);
    }
  }

  /** Whether {@link #cancel} was called. */
  public boolean isCancelled() {
    return cancelled != null;
  }

  private void tellHolder(Outcome why) {
    Holder told = holder;
    if (told != null) {
      holder = null;
      told.cancelled(why);
    }
  }
}
