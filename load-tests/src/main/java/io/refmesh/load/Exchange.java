package io.refmesh.load;

import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.refmesh.load.LoadPlan.StreamPlan;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One request and what has come back for it so far. Lives on the event loop, and finishes exactly
 * once: the first of whole answer, failure, deadline and stop wins, whatever comes later is
 * ignored.
 */
final class Exchange {

  private final StreamPlan stream;
  private final String requestId;
  private final String path;
  private final long intendedMicros;
  private final long startMicros;
  private final LoadClock clock;
  private final Consumer<RequestRecord> whenDone;

  private @Nullable Runnable abandon;
  private @Nullable Future<?> deadline;
  private boolean done;
  private boolean headSeen;
  private boolean endsWithConnection;
  private long contentLength = -1;
  private int status;
  private String instance = "";
  private String version = "";
  private String caller = "";
  private String attempt = "";
  private String meshError = "";
  private long bodyBytes;

  Exchange(
      StreamPlan stream,
      String requestId,
      String path,
      long intendedMicros,
      long startMicros,
      LoadClock clock,
      Consumer<RequestRecord> whenDone) {
    this.stream = stream;
    this.requestId = requestId;
    this.path = path;
    this.intendedMicros = intendedMicros;
    this.startMicros = startMicros;
    this.clock = clock;
    this.whenDone = whenDone;
  }

  StreamPlan stream() {
    return stream;
  }

  String requestId() {
    return requestId;
  }

  String path() {
    return path;
  }

  boolean isDone() {
    return done;
  }

  /**
   * What frees the connection or the HTTP/2 stream when the exchange fails from outside: deadline
   * or stop.
   */
  void onAbandon(Runnable free) {
    abandon = free;
  }

  /**
   * The timer that abandons the exchange; it is cancelled when the exchange ends in another way.
   */
  void deadline(Future<?> timer) {
    deadline = timer;
  }

  void head(HttpResponse response) {
    headSeen = true;
    status = response.status().code();
    HttpHeaders headers = response.headers();
    instance = headers.get("x-shop-instance", "");
    version = headers.get("x-shop-version", "");
    caller = headers.get("x-shop-caller", "");
    attempt = headers.get("x-shop-try", "");
    meshError = headers.get("x-mesh-error", "");
    boolean bodiless =
        stream.method().equals(HttpMethod.HEAD.name())
            || status == HttpResponseStatus.NO_CONTENT.code()
            || status == HttpResponseStatus.NOT_MODIFIED.code();
    if (!bodiless) {
      contentLength = HttpUtil.getContentLength(response, -1L);
      // HTTP/2 has an end of stream for every body.
      endsWithConnection =
          contentLength < 0
              && !HttpUtil.isTransferEncodingChunked(response)
              && stream.protocol() != LoadPlan.Protocol.H2C;
    }
  }

  void body(int bytes) {
    bodyBytes += bytes;
  }

  /** The transport saw a clean end of the answer; whether the answer is whole is decided here. */
  void end() {
    boolean sized = status / 100 == 2 && stream.expectBodyBytes() >= 0;
    if (contentLength >= 0 && bodyBytes < contentLength) {
      finish(
          Outcome.TRUNCATED,
          "body of " + bodyBytes + " bytes instead of content-length " + contentLength);
    } else if (sized && bodyBytes < stream.expectBodyBytes()) {
      finish(
          Outcome.TRUNCATED,
          "body of " + bodyBytes + " bytes instead of " + stream.expectBodyBytes());
    } else if (sized && bodyBytes > stream.expectBodyBytes()) {
      finish(
          Outcome.ERROR, "body of " + bodyBytes + " bytes instead of " + stream.expectBodyBytes());
    } else if (endsWithConnection && !sized) {
      finish(Outcome.TRUNCATED, "body ended by the end of the connection, nothing proves it whole");
    } else {
      finish(status < 400 ? Outcome.OK : Outcome.HTTP, "");
    }
  }

  /** The connection or the stream ended before the answer did. */
  void cut(String how) {
    finish(headSeen ? Outcome.TRUNCATED : Outcome.RESET, how);
  }

  void fail(Outcome outcome, String text) {
    finish(outcome, text);
  }

  /** Ends the exchange from outside the transport, which is told to let go of it. */
  void abandon(Outcome outcome, String text) {
    if (done) {
      return;
    }
    Runnable free = abandon;
    finish(outcome, text);
    if (free != null) {
      free.run();
    }
  }

  private void finish(Outcome outcome, String error) {
    if (done) {
      return;
    }
    done = true;
    abandon = null;
    if (deadline != null) {
      deadline.cancel(false);
    }
    whenDone.accept(
        new RequestRecord(
            stream.id(),
            requestId,
            intendedMicros,
            startMicros,
            clock.epochMicros(),
            outcome,
            status,
            instance,
            version,
            caller,
            attempt,
            meshError,
            bodyBytes,
            error));
  }
}
