package io.refmesh.proxy.scripted;

import io.refmesh.model.error.MeshError;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.ResponseHead;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Keeps what comes back, and fails when it comes in an order that the contract forbids. */
public final class RecordingReply implements Reply {

  public final List<ResponseHead> informational = new ArrayList<>();
  private @Nullable ResponseHead head;
  public @Nullable Outcome outcome;

  /** What the contract forbids and happened all the same; errors thrown in tasks get lost. */
  public @Nullable String problem;

  private @Nullable CollectingSink body;

  @Override
  public void head(ResponseHead given) {
    if (outcome != null) {
      throw forbidden("a head after done: " + given.status());
    }
    if (given.informational()) {
      informational.add(given);
      return;
    }
    if (head != null) {
      throw forbidden("a second final head: " + given.status());
    }
    head = given;
    if (given.body() != null) {
      body = CollectingSink.on(given.body());
    }
  }

  @Override
  public void done(Outcome given) {
    if (outcome != null) {
      throw forbidden("done twice: " + outcome + ", then " + given);
    }
    outcome = given;
  }

  /** The final head, which must have come. */
  public ResponseHead answer() {
    if (head == null) {
      throw new AssertionError("no head has come; done: " + outcome);
    }
    return head;
  }

  /** The body of the answer, which must have come. */
  public CollectingSink body() {
    if (body == null) {
      throw new AssertionError("no body has come; done: " + outcome);
    }
    return body;
  }

  public boolean isDone() {
    return outcome != null;
  }

  /** Of the final head; -1 when there is none. */
  public int status() {
    return head == null ? -1 : head.status();
  }

  /** Of the failure; null when it did not fail. */
  public @Nullable MeshError error() {
    return outcome instanceof Outcome.Failed failed ? failed.error() : null;
  }

  public String detail() {
    return outcome instanceof Outcome.Failed failed ? failed.detail() : "";
  }

  private AssertionError forbidden(String what) {
    problem = what;
    return new AssertionError(what);
  }
}
