package io.refmesh.control.kubernetes;

/** A request that the API server refused, or did not answer. */
final class ApiFailure extends Exception {

  private static final long serialVersionUID = 1;

  private final int status;

  /**
   * @param status of HTTP; 0 when there was no answer
   */
  ApiFailure(int status, String message) {
    super(message);
    this.status = status;
  }

  ApiFailure(int status, String message, Throwable cause) {
    super(message, cause);
    this.status = status;
  }

  /** The server does not know, or does not trust, who asks. */
  boolean unauthenticated() {
    return status == 401;
  }

  boolean forbidden() {
    return status == 403;
  }

  boolean notFound() {
    return status == 404;
  }

  /** Somebody else changed the object first. */
  boolean conflict() {
    return status == 409;
  }

  /** The server no longer has what happened since the version that was asked for. */
  boolean gone() {
    return status == 410;
  }

  /** Asking again with the same rights cannot help. */
  boolean refused() {
    return unauthenticated() || forbidden();
  }
}
