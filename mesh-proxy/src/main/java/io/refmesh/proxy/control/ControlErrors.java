package io.refmesh.proxy.control;

import io.grpc.Status;
import java.security.cert.CertificateException;
import org.jspecify.annotations.Nullable;

/**
 * Puts a status of gRPC into words: its code, what the server said, and the cause that tells most.
 */
final class ControlErrors {

  private ControlErrors() {}

  static String text(Status status) {
    StringBuilder text = new StringBuilder(status.getCode().toString());
    if (status.getDescription() != null) {
      // gRPC adds lines about its pipeline, which help nobody at night.
      text.append(": ").append(status.getDescription().lines().findFirst().orElse(""));
    }
    Throwable telling = maybeTelling(status.getCause());
    if (telling != null) {
      text.append(": ")
          .append(telling.getMessage() == null ? telling.toString() : telling.getMessage());
    }
    return text.toString();
  }

  /** What is wrong with the server's certificate if that is it, else the cause at the bottom. */
  private static @Nullable Throwable maybeTelling(@Nullable Throwable failure) {
    Throwable cause = failure;
    // A bound because causes can form a circle.
    for (int depth = 0; cause != null && depth < 20; depth++) {
      if (cause instanceof CertificateException || cause.getCause() == null) {
        return cause;
      }
      cause = cause.getCause();
    }
    return cause;
  }
}
