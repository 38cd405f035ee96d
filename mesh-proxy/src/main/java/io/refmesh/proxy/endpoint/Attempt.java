package io.refmesh.proxy.endpoint;

import io.refmesh.proxy.http.Outcome;
import org.jspecify.annotations.Nullable;

/**
 * One try at one endpoint, from the choice to its end: what it tells about load and health is
 * recorded once. Belongs to one event loop.
 *
 * <p>For HTTP: {@link #head}, then {@link #end(Outcome, long)}. For an opaque connection: {@link
 * #connected}, then {@link #closed}; without the former it counts as failed.
 */
public final class Attempt {

  private final Endpoint endpoint;
  private final @Nullable TryMeters meters;
  private final long startNanos;
  private boolean probe;
  private boolean answered;
  private boolean ended;

  Attempt(Endpoint endpoint, boolean probe, @Nullable TryMeters meters, long startNanos) {
    this.endpoint = endpoint;
    this.probe = probe;
    this.meters = meters;
    this.startNanos = startNanos;
  }

  public Endpoint endpoint() {
    return endpoint;
  }

  /** Whether it is the probe of an ejected endpoint, and not judged yet. */
  public boolean probe() {
    return probe;
  }

  /**
   * The response head came. A probe is judged here when the head shows success, since its body may
   * take hours.
   *
   * @param failing whether the head itself shows a failure
   */
  public void head(boolean failing, long nowNanos) {
    if (answered || ended) {
      return;
    }
    answered = true;
    if (failing) {
      endpoint.load().failed(nowNanos - startNanos, nowNanos);
    } else {
      endpoint.load().answered(nowNanos - startNanos, nowNanos);
      if (probe) {
        probe = false;
        endpoint.health().record(Verdict.SUCCESS, true, nowNanos);
      }
    }
  }

  public void end(Outcome outcome, long nowNanos) {
    end(outcome, false, nowNanos);
  }

  /**
   * @param refusedByMesh whether the answer is a refusal of the far sidecar, which says nothing
   */
  public void end(Outcome outcome, boolean refusedByMesh, long nowNanos) {
    if (meters != null && !ended) {
      meters.end(outcome);
    }
    end(refusedByMesh ? Verdict.NONE : Verdict.of(outcome), nowNanos);
  }

  /** The opaque connection is made. */
  public void connected(long nowNanos) {
    head(false, nowNanos);
  }

  /** The opaque connection is closed, or could not be made. */
  public void closed(long nowNanos) {
    end(answered ? Verdict.SUCCESS : Verdict.FAILURE, nowNanos);
  }

  /** The caller of the opaque connection left before it was made: that tells nothing. */
  public void callerLeft(long nowNanos) {
    end(answered ? Verdict.SUCCESS : Verdict.NONE, nowNanos);
  }

  private void end(Verdict verdict, long nowNanos) {
    if (ended) {
      throw new IllegalStateException("a try ends once, and this one has: " + endpoint);
    }
    ended = true;
    endpoint.load().end();
    if (!answered && verdict == Verdict.FAILURE) {
      endpoint.load().failed(nowNanos - startNanos, nowNanos);
    }
    endpoint.health().record(verdict, probe, nowNanos);
  }
}
