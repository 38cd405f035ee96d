package io.refmesh.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http2.DefaultHttp2Connection;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Stream;
import io.netty.handler.codec.http2.StreamByteDistributor;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class StreamsInTurnTest {

  private static final int NONE = -1;

  private final DefaultHttp2Connection connection = new DefaultHttp2Connection(true);
  private final StreamsInTurn turns = new StreamsInTurn(connection);

  /** Bytes of each stream, by its number. */
  private final int[] queued = new int[4];

  private final List<String> written = new ArrayList<>();

  private void queue(int id, int bytes) throws Http2Exception {
    connection.remote().createStream(id, false);
    queued[id] = bytes;
    update(id);
  }

  private void update(int id) {
    turns.updateStreamableBytes(
        new StreamByteDistributor.StreamState() {
          @Override
          public Http2Stream stream() {
            return connection.stream(id);
          }

          @Override
          public long pendingBytes() {
            return Math.max(0, queued[id]);
          }

          @Override
          public boolean hasFrame() {
            return queued[id] >= 0;
          }

          @Override
          public int windowSize() {
            return Integer.MAX_VALUE;
          }
        });
  }

  /** As Netty's flow controller does: what was written is told at once. */
  private boolean distribute(int window) throws Http2Exception {
    return turns.distribute(
        window,
        (stream, bytes) -> {
          written.add(stream.id() + " " + bytes);
          int left = queued[stream.id()] - bytes;
          queued[stream.id()] = left == 0 ? NONE : left;
          update(stream.id());
        });
  }

  @Test
  void noFrameIsLargerThanOneTlsRecordHolds() throws Http2Exception {
    queue(1, 40_000);
    assertThat(distribute(1 << 20)).isFalse();
    assertThat(written).containsExactly("1 16375", "1 16375", "1 7250");
  }

  @Test
  void streamsThatShareASmallWindowSendWholeFramesInTurn() throws Http2Exception {
    queue(1, 50_000);
    queue(3, 50_000);
    assertThat(distribute(3 * StreamsInTurn.FRAME_BYTES)).isTrue();
    assertThat(written).containsExactly("1 16375", "3 16375", "1 16375");
    written.clear();
    distribute(1 << 20);
    assertThat(written).containsExactly("3 16375", "1 16375", "3 16375", "1 875", "3 875");
  }

  @Test
  void aStreamThatWasClosedSendsNothing() throws Http2Exception {
    queue(1, 50_000);
    queue(3, 100);
    connection.stream(1).close();
    assertThat(distribute(1 << 20)).isFalse();
    assertThat(written).containsExactly("3 100");
  }

  @Test
  void anEmptyFrameIsWrittenSinceItCanEndAStream() throws Http2Exception {
    queue(1, 0);
    distribute(0);
    assertThat(written).containsExactly("1 0");
  }
}
