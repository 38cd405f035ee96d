package io.refmesh.proxy.http.client;

import io.refmesh.model.error.MeshError;
import io.refmesh.proxy.http.Outcome;
import org.jspecify.annotations.Nullable;

/**
 * What a cancelled exchange is answered with: the reason of whoever cancelled, with how far the
 * request had really got.
 */
final class Outcomes {

  private Outcomes() {}

  static Outcome at(Outcome why, Outcome.Progress progress) {
    return switch (why) {
      case Outcome.Failed failed -> new Outcome.Failed(failed.error(), failed.detail(), progress);
      case Outcome.CallerGone gone -> new Outcome.CallerGone(progress, gone.resetCode());
      case Outcome.Answered answered -> answered;
    };
  }

  /** The same for a body pipe, which knows failures only. */
  static Outcome.Failed cut(Outcome why, Outcome.Progress progress) {
    return why instanceof Outcome.Failed failed
        ? new Outcome.Failed(failed.error(), failed.detail(), progress, failed.resetCode())
        : new Outcome.Failed(MeshError.UPSTREAM_RESET, "the caller went away", progress);
  }

  /** Whether time ran out, which a connection that went dead explains. */
  static boolean isTimeout(Outcome why) {
    return why instanceof Outcome.Failed failed
        && (failed.error() == MeshError.REQUEST_TIMEOUT || failed.error() == MeshError.TRY_TIMEOUT);
  }

  /** The number in a field; -1 when there is none or it is no number. */
  static int number(@Nullable CharSequence field) {
    if (field == null) {
      return -1;
    }
    try {
      return Integer.parseInt(field, 0, field.length(), 10);
    } catch (NumberFormatException e) {
      return -1;
    }
  }
}
