package io.refmesh.proxy.detect;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.refmesh.testkit.acceptance.Acceptance;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class DetectHandlerTest {

  private final List<String> told = new ArrayList<>();

  private final DetectHandler.Next next =
      new DetectHandler.Next() {
        @Override
        public void detected(ChannelHandlerContext context, Protocol protocol) {
          told.add(protocol.getClass().getSimpleName());
        }

        @Override
        public void endedWithoutByte(ChannelHandlerContext context) {
          told.add("ended");
        }

        @Override
        public void timedOut(ChannelHandlerContext context, int bytesSeen) {
          told.add("timeout after " + bytesSeen);
        }
      };

  private final EmbeddedChannel channel =
      new EmbeddedChannel(new DetectHandler(Duration.ofSeconds(10), next));

  @Test
  void decidesOnBytesThatComeOneByOneAndPassesThemAllOn() {
    String head = "GET /cart HTTP/1.1\r\nHost: cart\r\n\r\n";
    for (byte b : head.getBytes(StandardCharsets.US_ASCII)) {
      channel.writeInbound(Unpooled.wrappedBuffer(new byte[] {b}));
    }
    assertThat(told).containsExactly("Http1");
    assertThat(received()).isEqualTo(head);
    assertThat(channel.pipeline().get(DetectHandler.class)).isNull();
    assertThat(channel.finish()).isFalse();
  }

  @Test
  void isOpaqueAfterTheTimeoutAndPassesOnWhatCame() {
    channel.writeInbound(Unpooled.copiedBuffer("GE", StandardCharsets.US_ASCII));
    channel.advanceTimeBy(10, TimeUnit.SECONDS);
    channel.runScheduledPendingTasks();
    assertThat(told).containsExactly("timeout after 2", "Opaque");
    assertThat(received()).isEqualTo("GE");
  }

  @Test
  void isOpaqueWhenThePeerSaysNothingAtAll() {
    channel.advanceTimeBy(10, TimeUnit.SECONDS);
    channel.runScheduledPendingTasks();
    assertThat(told).containsExactly("timeout after 0", "Opaque");
  }

  @Test
  @Acceptance(20)
  void opensNothingForAnEndBeforeTheFirstByte() {
    channel.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
    channel.close();
    assertThat(told).containsExactly("ended");
  }

  @Test
  void tellsOfAConnectionClosedBeforeTheFirstByteOnce() {
    channel.close();
    assertThat(told).containsExactly("ended");
  }

  @Test
  void relaysTheFewBytesOfAPeerThatEndsEarly() {
    channel.writeInbound(Unpooled.copiedBuffer("hi", StandardCharsets.US_ASCII));
    channel.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
    assertThat(told).containsExactly("Opaque");
    assertThat(received()).isEqualTo("hi");
  }

  @Test
  void releasesWhatItKeptWhenTheConnectionBreaks() {
    ByteBuf first = Unpooled.copiedBuffer("GE", StandardCharsets.US_ASCII);
    channel.writeInbound(first);
    channel.close();
    assertThat(told).isEmpty();
    assertThat(first.refCnt()).isZero();
  }

  private String received() {
    StringBuilder text = new StringBuilder();
    for (ByteBuf bytes = channel.readInbound(); bytes != null; bytes = channel.readInbound()) {
      text.append(bytes.toString(StandardCharsets.US_ASCII));
      bytes.release();
    }
    return text.toString();
  }
}
