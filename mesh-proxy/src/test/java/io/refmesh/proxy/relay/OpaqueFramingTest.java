package io.refmesh.proxy.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class OpaqueFramingTest {

  private final List<Object> events = new ArrayList<>();

  @Test
  void readsWhatItWroteHoweverItIsCut() {
    byte[] payload = bytes(70_000);
    EmbeddedChannel writer = new EmbeddedChannel(new OpaqueFraming());
    writer.writeOutbound(Unpooled.wrappedBuffer(payload));
    writer.writeOutbound(Unpooled.wrappedBuffer(new byte[] {1, 2, 3}));
    writer.writeOutbound(End.OF_DIRECTION);
    byte[] wire = outbound(writer);
    assertThat(wire).hasSize(70_000 + 3 + 4 * 2);

    for (int cut : new int[] {1, 2, 3, 1000, 65_537, wire.length}) {
      events.clear();
      EmbeddedChannel reader = reader();
      for (int at = 0; at < wire.length; at += cut) {
        reader.writeInbound(Unpooled.copiedBuffer(wire, at, Math.min(cut, wire.length - at)));
      }
      byte[] read = inbound(reader);
      assertThat(read).hasSize(70_003).startsWith(payload).endsWith(1, 2, 3);
      assertThat(events).as("cut by %d", cut).containsExactly(End.OF_DIRECTION);
    }
  }

  @Test
  void refusesBytesAfterTheEnd() {
    EmbeddedChannel reader = reader();
    assertThatThrownBy(() -> reader.writeInbound(Unpooled.wrappedBuffer(new byte[] {0, 0, 0})))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("after the end");
  }

  @Test
  void tellsNoEndWhenTheConnectionIsCut() {
    EmbeddedChannel reader = reader();
    reader.writeInbound(Unpooled.wrappedBuffer(new byte[] {0, 5, 'h', 'i'}));
    reader.close();
    assertThat(events).isEmpty();
    assertThat(inbound(reader)).containsExactly('h', 'i');
  }

  private EmbeddedChannel reader() {
    return new EmbeddedChannel(
        new OpaqueFraming(),
        new ChannelInboundHandlerAdapter() {
          @Override
          public void userEventTriggered(ChannelHandlerContext context, Object event) {
            events.add(event);
          }
        });
  }

  private static byte[] outbound(EmbeddedChannel channel) {
    ByteBuf all = Unpooled.buffer();
    for (ByteBuf part = channel.readOutbound(); part != null; part = channel.readOutbound()) {
      all.writeBytes(part);
      part.release();
    }
    return array(all);
  }

  private static byte[] inbound(EmbeddedChannel channel) {
    ByteBuf all = Unpooled.buffer();
    for (ByteBuf part = channel.readInbound(); part != null; part = channel.readInbound()) {
      all.writeBytes(part);
      part.release();
    }
    return array(all);
  }

  private static byte[] array(ByteBuf all) {
    byte[] bytes = new byte[all.readableBytes()];
    all.readBytes(bytes);
    all.release();
    return bytes;
  }

  private static byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) (i * 31 + i / 251);
    }
    return bytes;
  }
}
