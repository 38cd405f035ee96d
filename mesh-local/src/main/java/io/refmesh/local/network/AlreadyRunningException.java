package io.refmesh.local.network;

import java.io.IOException;

/** A mesh is running on the same folder or with the same state folder. */
public final class AlreadyRunningException extends IOException {

  private static final long serialVersionUID = 1L;

  private final transient LoopbackClaim.Holder holder;

  AlreadyRunningException(LoopbackClaim.Holder holder) {
    super(
        "a mesh is already running on "
            + holder.folder()
            + " (process "
            + holder.pid()
            + ", state "
            + holder.state()
            + "); `mesh status --state "
            + holder.state()
            + "` shows it, `mesh down --state "
            + holder.state()
            + "` stops it");
    this.holder = holder;
  }

  public LoopbackClaim.Holder holder() {
    return holder;
  }
}
