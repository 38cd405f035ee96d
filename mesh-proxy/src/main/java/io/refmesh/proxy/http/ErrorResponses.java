package io.refmesh.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import io.refmesh.model.error.MeshError;
import org.jspecify.annotations.Nullable;

/**
 * The one place where an error of the mesh becomes a response: status from the table, code in
 * {@code x-mesh-error}, a line of text that says what happened and what to check; for gRPC
 * trailers-only with HTTP 200.
 */
public final class ErrorResponses {

  private ErrorResponses() {}

  /**
   * @param meshed whether the caller is in the mesh: strangers get the status and when to come
   *     again, and nothing else
   */
  public static ResponseHead of(Outcome.Failed failed, RequestHead request, boolean meshed) {
    MeshError error = failed.error();
    Http2Headers headers = new DefaultHttp2Headers(false);
    if (meshed) {
      headers.set(MeshHeaders.ERROR, error.code());
    }
    if (failed.retryAfterSeconds() > 0) {
      headers.set("retry-after", Long.toString(failed.retryAfterSeconds()));
    }
    if (request.grpc()) {
      headers.set("content-type", "application/grpc");
      headers.set("grpc-status", Integer.toString(error.grpcStatus()));
      headers.set(
          "grpc-message",
          percentEncoded(meshed ? error.code() + ": " + failed.detail() : error.code()));
      return new ResponseHead(200, headers, BodyPipe.empty(), true);
    }
    if (!meshed) {
      headers.set("content-length", "0");
      return new ResponseHead(error.httpStatus(), headers, BodyPipe.empty(), true);
    }
    String text =
        error.code() + ": " + failed.detail() + "\n" + error.meaning() + " " + error.check() + "\n";
    ByteBuf bytes = ByteBufUtil.writeUtf8(UnpooledByteBufAllocator.DEFAULT, text);
    headers.set("content-type", "text/plain; charset=utf-8");
    headers.set("content-length", Integer.toString(bytes.readableBytes()));
    if (request.method().equals("HEAD")) {
      bytes.release();
      return new ResponseHead(error.httpStatus(), headers, BodyPipe.empty(), true);
    }
    BodyPipe body = new BodyPipe(WHOLE);
    body.data(bytes);
    body.end(null);
    return new ResponseHead(error.httpStatus(), headers, body, false);
  }

  /**
   * What a caller is answered whose exchange ended without a head; null for one that went away, or
   * that is to see a broken connection.
   */
  public static @Nullable ResponseHead insteadOfHead(
      Outcome outcome, RequestHead request, boolean meshed) {
    return switch (outcome) {
      case Outcome.Failed failed when failed.error() == MeshError.FAULT_INJECTED -> null;
      case Outcome.Failed failed -> of(failed, request, meshed);
      case Outcome.Answered answered ->
          of(
              new Outcome.Failed(
                  MeshError.UPSTREAM_RESET,
                  "no response head came (status " + answered.status() + ")",
                  Outcome.Progress.SENT),
              request,
              meshed);
      case Outcome.CallerGone gone -> null;
    };
  }

  /** gRPC's percent-encoding of status messages (PROTOCOL-HTTP2.md of the gRPC specification). */
  private static String percentEncoded(String message) {
    StringBuilder text = new StringBuilder(message.length());
    for (byte b : message.getBytes(java.nio.charset.StandardCharsets.UTF_8)) {
      if (b >= 0x20 && b <= 0x7e && b != '%') {
        text.append((char) b);
      } else {
        text.append(String.format(java.util.Locale.ROOT, "%%%02X", b & 0xff));
      }
    }
    return text.toString();
  }

  private static final BodyPipe.Source WHOLE =
      new BodyPipe.Source() {
        @Override
        public void consumed(int bytes) {}

        @Override
        public void abandoned() {}
      };
}
