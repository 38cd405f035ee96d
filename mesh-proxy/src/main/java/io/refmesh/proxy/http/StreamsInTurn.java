package io.refmesh.proxy.http;

import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionAdapter;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Stream;
import io.netty.handler.codec.http2.StreamByteDistributor;
import java.util.ArrayDeque;
import java.util.Objects;

/**
 * Lets the streams of one connection send in turn, one DATA frame each. A frame and its head fill
 * one TLS record, so that what the peer decrypts is a frame which it can pass on as it is; frames
 * across two records are copied.
 *
 * <p>Netty's own distributors keep a tree of priorities, which RFC 9113 §5.3 has given up, with
 * turns of 1 KiB; or share a window evenly and send the rest as frames of a few bytes. On the event
 * loop of the connection; the queue holds each open stream once at most.
 */
final class StreamsInTurn implements StreamByteDistributor {

  /** Of RFC 8446 §5.1. */
  private static final int TLS_RECORD_BYTES = 16 * 1024;

  static final int FRAME_BYTES = TLS_RECORD_BYTES - Http2CodecUtil.FRAME_HEADER_LENGTH;

  private final Http2Connection.PropertyKey key;
  private final ArrayDeque<Sender> queue = new ArrayDeque<>();
  private long sendable;

  StreamsInTurn(Http2Connection connection) {
    key = connection.newKey();
    connection.connectionStream().setProperty(key, new Sender(connection.connectionStream()));
    connection.addListener(
        new Http2ConnectionAdapter() {
          @Override
          public void onStreamAdded(Http2Stream stream) {
            stream.setProperty(key, new Sender(stream));
          }

          @Override
          public void onStreamClosed(Http2Stream stream) {
            Sender sender = sender(stream);
            if (sender.queued) {
              queue.remove(sender);
              sender.queued = false;
            }
            resize(sender, 0);
          }
        });
  }

  @Override
  public void updateStreamableBytes(StreamState state) {
    Sender sender = sender(state.stream());
    resize(sender, Http2CodecUtil.streamableBytes(state));
    sender.blocked = state.windowSize() < 0;
    // A stream that sends now has had its chance to send an empty frame through a window of none.
    boolean may = state.windowSize() > 0 || state.windowSize() == 0 && !sender.sending;
    if (state.hasFrame() && may && !sender.queued) {
      sender.queued = true;
      queue.addLast(sender);
    }
  }

  /** Nobody is before others. */
  @Override
  public void updateDependencyTree(
      int childStreamId, int parentStreamId, short weight, boolean exclusive) {}

  @Override
  public boolean distribute(int maxBytes, Writer writer) throws Http2Exception {
    int left = maxBytes;
    for (Sender next = queue.peekFirst(); next != null; next = queue.peekFirst()) {
      if (!next.blocked && left == 0 && next.bytes > 0) {
        break;
      }
      queue.removeFirst();
      next.queued = false;
      if (!next.blocked) {
        int frame = Math.min(FRAME_BYTES, Math.min(left, next.bytes));
        left -= frame;
        next.send(frame, writer);
      }
    }
    return sendable > 0;
  }

  private Sender sender(Http2Stream stream) {
    return Objects.requireNonNull(stream.<Sender>getProperty(key));
  }

  private void resize(Sender sender, int bytes) {
    sendable += bytes - sender.bytes;
    sender.bytes = bytes;
  }

  /** One stream. */
  private static final class Sender {

    private final Http2Stream stream;
    private int bytes;
    private boolean queued;
    private boolean sending;

    /** The peer has taken window back: RFC 9113 §6.9.2. */
    private boolean blocked;

    Sender(Http2Stream stream) {
      this.stream = stream;
    }

    void send(int frame, Writer writer) {
      sending = true;
      try {
        writer.write(stream, frame);
      } finally {
        sending = false;
      }
    }
  }
}
