package io.refmesh.proxy.http;

import io.refmesh.model.error.MeshError;

/** How an exchange or one try of it ended. */
public sealed interface Outcome {

  /**
   * The response came whole.
   *
   * @param grpcStatus from head or trailers; -1 when it is not gRPC or carries none
   */
  record Answered(int status, int grpcStatus) implements Outcome {}

  /**
   * The mesh ended it.
   *
   * @param detail facts for the caller and the log: which endpoint, which rule, which limit
   * @param progress how far the request got; decides whether another try is safe
   * @param resetCode with which an HTTP/2 endpoint reset the stream, to be passed on when the
   *     response had begun; {@link #NO_RESET_CODE} otherwise
   * @param retryAfterSeconds when the caller may come again; 0 when that is not known
   */
  record Failed(
      MeshError error, String detail, Progress progress, long resetCode, long retryAfterSeconds)
      implements Outcome {

    public static final long NO_RESET_CODE = -1;

    public Failed(MeshError error, String detail, Progress progress, long resetCode) {
      this(error, detail, progress, resetCode, 0);
    }

    public Failed(MeshError error, String detail, Progress progress) {
      this(error, detail, progress, NO_RESET_CODE);
    }

    public static Failed before(MeshError error, String detail) {
      return new Failed(error, detail, Progress.NOT_SENT);
    }

    /** The same, and the caller is told when to come again. */
    public Failed retryAfterSeconds(long seconds) {
      return new Failed(error, detail, progress, resetCode, seconds);
    }
  }

  /**
   * The caller went away before the answer was complete.
   *
   * @param resetCode with which an HTTP/2 caller reset its stream, to be passed on; {@link
   *     Failed#NO_RESET_CODE} otherwise
   */
  record CallerGone(Progress progress, long resetCode) implements Outcome {

    public CallerGone(Progress progress) {
      this(progress, Failed.NO_RESET_CODE);
    }
  }

  /** How far a try got. */
  enum Progress {
    /**
     * No server can have seen it: no connection, or a stream that the server declared unprocessed.
     */
    NOT_SENT,
    /** The server refused the stream unprocessed (REFUSED_STREAM, GOAWAY below it). */
    REFUSED,
    /** Some of it was written; it may have had its effect. */
    SENT,
    /** The response head had begun. */
    HEAD_RECEIVED
  }
}
