package io.refmesh.proxy.control;

import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * Puts a status of gRPC into words: its code, what the server said, and the cause at the bottom.
 */
final class ControlErrors {

  private ControlErrors() {}

  static String text(Status status) {
    StringBuilder text = new StringBuilder(status.getCode().toString());
    if (status.getDescription() != null) {
      text.append(": ").append(status.getDescription());
    }
    Throwable root = rootCause(status.getCause());
    if (root != null) {
      text.append(": ").append(root.getMessage() == null ? root.toString() : root.getMessage());
    }
    return text.toString();
  }

  private static @Nullable Throwable rootCause(@Nullable Throwable failure) {
    Throwable root = failure;
    // A bound because causes can form a circle.
    for (int depth = 0; root != null && root.getCause() != null && depth < 20; depth++) {
      root = root.getCause();
    }
    return root;
  }
}
