package io.refmesh.local;

import java.io.IOException;

/** Some workload did not get ready in time; the message names each and says why. */
public final class NotReadyException extends IOException {

  private static final long serialVersionUID = 1L;

  NotReadyException(String message) {
    super(message);
  }
}
