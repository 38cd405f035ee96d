package io.refmesh.proxy.detect;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.ssl.AbstractSniHandler;
import io.netty.util.concurrent.Future;
import io.refmesh.testkit.fuzz.Fuzz;
import io.refmesh.testkit.fuzz.Jazzer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whatever bytes a connection begins with: the detector decides alike however they are cut, and
 * reads no other server name out of a ClientHello than another reader does.
 */
public class DetectFuzzTest {

  private static final Path CORPORA = Path.of("src/test/resources/fuzz");
  private static final Jazzer JAZZER =
      new Jazzer(
          DetectFuzzTest.class,
          Map.of(
              "detector",
              new Fuzz(CORPORA.resolve("detector"), System::nanoTime, DetectFuzzTest::detect),
              "client-hello",
              new Fuzz(CORPORA.resolve("client-hello"), System::nanoTime, DetectFuzzTest::greet)));

  @Test
  void survivesWhatIsKept() {
    JAZZER.replay();
  }

  static Stream<String> targets() {
    return JAZZER.names();
  }

  @Tag("fuzz")
  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("targets")
  void decidesAlikeHoweverTheBytesAreCut(String target) throws Exception {
    JAZZER.run(target);
  }

  /** Where Jazzer begins. */
  public static void fuzzerInitialize() {
    JAZZER.chosen().warmUp();
  }

  public static void fuzzerTestOneInput(byte[] input) throws Exception {
    JAZZER.chosen().feed(input);
  }

  /** Once decided, more bytes change nothing; and the decision needs no look at the future. */
  private static void detect(byte[] input) {
    ByteBuf bytes = Unpooled.wrappedBuffer(input);
    Optional<Protocol> decided = Optional.empty();
    int step = Math.max(1, input.length / 64);
    for (int length = 0; length <= input.length; length += step) {
      ByteBuf prefix = bytes.slice(0, length);
      Optional<Protocol> now = ProtocolDetector.peek(prefix);
      assertThat(prefix.readerIndex()).isZero();
      if (decided.isPresent()) {
        assertThat(now).as("with %s bytes", length).isEqualTo(decided);
      }
      decided = now;
    }
    if (input.length >= ProtocolDetector.BYTES_MAX) {
      assertThat(ProtocolDetector.peek(bytes)).isPresent();
    }
  }

  /** The first byte: how long each record's fragment is. The others: the body of a ClientHello. */
  private static void greet(byte[] input) {
    int fragment = input.length == 0 ? 0 : input[0] & 0xff;
    byte[] message = message(input);
    if (message.length > ProtocolDetector.BYTES_MAX - RECORD_HEADER_BYTES) {
      return;
    }
    ByteBuf whole = records(message, message.length);
    Optional<Protocol> decided = ProtocolDetector.peek(whole);
    assertThat(decided).isPresent();
    ByteBuf cut = records(message, Math.max(1, fragment));
    if (cut.readableBytes() <= ProtocolDetector.BYTES_MAX) {
      assertThat(ProtocolDetector.peek(cut)).isEqualTo(decided);
      assertThat(ProtocolDetector.peek(cut.slice(0, cut.readableBytes() - 1))).isEmpty();
    }
    if (decided.get() instanceof Protocol.Tls tls && tls.serverName().isPresent()) {
      for (String name : nettyServerNames(whole)) {
        assertThat(tls.serverName()).contains(name);
      }
    }
  }

  private static final int RECORD_HEADER_BYTES = 5;
  private static final int HANDSHAKE_HEADER_BYTES = 4;

  private static byte[] message(byte[] input) {
    int length = Math.max(0, input.length - 1);
    ByteBuf message = Unpooled.buffer(HANDSHAKE_HEADER_BYTES + length);
    message.writeByte(1).writeMedium(length).writeBytes(input, input.length - length, length);
    return message.array();
  }

  private static ByteBuf records(byte[] message, int fragment) {
    ByteBuf records = Unpooled.buffer();
    for (int at = 0; at < message.length; at += fragment) {
      int length = Math.min(fragment, message.length - at);
      records.writeByte(ClientHello.RECORD_HANDSHAKE).writeShort(0x0301).writeShort(length);
      records.writeBytes(message, at, length);
    }
    return records;
  }

  /** What Netty's own reader finds: one, or none when it cannot read the message. */
  private static List<String> nettyServerNames(ByteBuf hello) {
    List<String> names = new ArrayList<>();
    EmbeddedChannel channel =
        new EmbeddedChannel(
            new AbstractSniHandler<String>() {
              @Override
              protected Future<String> lookup(ChannelHandlerContext context, String name) {
                if (name != null) {
                  names.add(name);
                }
                return context.executor().newSucceededFuture("");
              }

              @Override
              protected void onLookupComplete(
                  ChannelHandlerContext context, String name, Future<String> future) {}
            });
    channel.writeInbound(hello.copy());
    channel.finishAndReleaseAll();
    return names;
  }
}
