package io.refmesh.proxy.detect;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.refmesh.testkit.acceptance.Acceptance;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ProtocolDetectorTest {

  private static final int RECORD_HEADER_BYTES = 5;

  static Stream<Arguments> samples() throws Exception {
    byte[] hello = clientHello();
    Protocol tls = new Protocol.Tls(Optional.of("cart.shop"), List.of("refmesh/h2", "h2"));
    return Stream.of(
        Arguments.of("request", ascii("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), Protocol.HTTP_1),
        Arguments.of("post", ascii("POST /cart?x=1 HTTP/1.1\r\nHost: a\r\n\r\n"), Protocol.HTTP_1),
        Arguments.of("own method", ascii("PURGE /x HTTP/1.0\r\n\r\n"), Protocol.HTTP_1),
        Arguments.of("lower case method", ascii("get /x HTTP/1.1\r\n\r\n"), Protocol.HTTP_1),
        Arguments.of("connect", ascii("CONNECT cart.shop:8080 HTTP/1.1\r\n\r\n"), Protocol.HTTP_1),
        Arguments.of("asterisk", ascii("OPTIONS * HTTP/1.1\r\n\r\n"), Protocol.HTTP_1),
        Arguments.of(
            "absolute form", ascii("GET http://cart.shop/ HTTP/1.1\r\n\r\n"), Protocol.HTTP_1),
        Arguments.of("empty line before", ascii("\r\nGET / HTTP/1.1\r\n\r\n"), Protocol.HTTP_1),
        Arguments.of(
            "bare line feed, for the server to refuse",
            ascii("GET / HTTP/1.1\nHost: a\n\n"),
            Protocol.HTTP_1),
        Arguments.of(
            "space in target, for the server to refuse",
            ascii("GET /a b HTTP/1.1\r\n\r\n"),
            Protocol.HTTP_1),
        Arguments.of(
            "a method like the preface", ascii("PRI /x HTTP/1.1\r\n\r\n"), Protocol.HTTP_1),
        Arguments.of("almost the preface", ascii("PRI * HTTP/2.0\r\n\r\nSX"), Protocol.OPAQUE),
        Arguments.of("endless target", ascii("PURGE /" + "a".repeat(20_000)), Protocol.HTTP_1),
        Arguments.of(
            "preface", ascii("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0"), Protocol.HTTP_2),
        Arguments.of("RTSP", ascii("OPTIONS rtsp://a/ RTSP/1.0\r\n"), Protocol.OPAQUE),
        Arguments.of("Redis", ascii("*1\r\n$4\r\nPING\r\n"), Protocol.OPAQUE),
        Arguments.of("memcached", ascii("get key\r\n"), Protocol.OPAQUE),
        Arguments.of("zeros", new byte[16], Protocol.OPAQUE),
        Arguments.of("empty lines without end", ascii("\r\n\r\n\r\n"), Protocol.OPAQUE),
        Arguments.of("hello", hello, tls),
        Arguments.of("hello in records of 7 bytes", inRecordsOf(7, hello), tls),
        Arguments.of("hello in records of 1 byte", inRecordsOf(1, hello), tls),
        Arguments.of("hello with data behind it", concat(hello, new byte[50]), tls),
        Arguments.of("hello with two server names", withExtension(0, hello), Protocol.OPAQUE),
        Arguments.of("hello with another extension", withExtension(0x7a7a, hello), tls),
        Arguments.of("alert record", new byte[] {0x15, 3, 3, 0, 2, 2, 40}, Protocol.OPAQUE),
        Arguments.of("server hello", new byte[] {0x16, 3, 3, 0, 50, 2, 0, 0, 46}, Protocol.OPAQUE),
        Arguments.of(
            "hello beyond the bound",
            new byte[] {0x16, 3, 1, 0x40, 0, 1, 1, 0, 0},
            Protocol.OPAQUE),
        Arguments.of(
            "hello whose lengths lie",
            new byte[] {0x16, 3, 1, 0, 8, 1, 0, 0, 4, 3, 3, 0, 0},
            Protocol.OPAQUE));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("samples")
  @Acceptance(19)
  void decidesEveryPrefixAlike(String name, byte[] sample, Protocol expected) {
    boolean decided = false;
    int step = sample.length > 5000 ? 97 : 1;
    for (int length = 0; length <= sample.length; length += step) {
      Optional<Protocol> answer = peek(Arrays.copyOf(sample, length));
      if (decided) {
        assertThat(answer).as("%s, first %d bytes", name, length).contains(expected);
      } else if (answer.isPresent()) {
        assertThat(answer).as("%s, first %d bytes", name, length).contains(expected);
        decided = true;
      }
    }
    assertThat(peek(sample)).contains(expected);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("samples")
  void consumesNothing(String name, byte[] sample, Protocol expected) {
    ByteBuf bytes = Unpooled.wrappedBuffer(sample);
    assertThat(ProtocolDetector.peek(bytes)).contains(expected);
    assertThat(bytes.readableBytes()).as(name).isEqualTo(sample.length);
    bytes.release();
  }

  @Test
  void looksBehindTheReaderIndex() {
    ByteBuf bytes = Unpooled.wrappedBuffer(ascii("xxxGET / HTTP/1.1\r\n")).skipBytes(3);
    assertThat(ProtocolDetector.peek(bytes)).contains(Protocol.HTTP_1);
    bytes.release();
  }

  @Test
  void needsMoreThanTheMethod() {
    assertThat(peek(ascii("GET"))).isEmpty();
    assertThat(peek(ascii("GET "))).isEmpty();
    assertThat(peek(ascii("PRI * HTTP/2.0\r\n\r\nSM\r\n\r"))).isEmpty();
  }

  private static Optional<Protocol> peek(byte[] sample) {
    ByteBuf bytes = Unpooled.wrappedBuffer(sample);
    try {
      return ProtocolDetector.peek(bytes);
    } finally {
      bytes.release();
    }
  }

  /** A real one, made by the JDK. */
  static byte[] clientHello() throws Exception {
    SSLEngine engine = SSLContext.getDefault().createSSLEngine();
    engine.setUseClientMode(true);
    SSLParameters parameters = engine.getSSLParameters();
    parameters.setServerNames(List.of(new SNIHostName("Cart.shop")));
    parameters.setApplicationProtocols(new String[] {"refmesh/h2", "h2"});
    engine.setSSLParameters(parameters);
    ByteBuffer out = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
    engine.wrap(ByteBuffer.allocate(0), out);
    out.flip();
    byte[] hello = new byte[out.remaining()];
    out.get(hello);
    return hello;
  }

  /** One more extension at the end, without data; three lengths grow with it. */
  private static byte[] withExtension(int type, byte[] hello) {
    ByteBuf bytes = Unpooled.buffer().writeBytes(hello).writeShort(type).writeShort(0);
    bytes.setShort(3, bytes.getShort(3) + 4);
    bytes.setMedium(6, bytes.getMedium(6) + 4);
    int sessionId = 9 + 2 + 32;
    int ciphers = sessionId + 1 + bytes.getByte(sessionId);
    int compression = ciphers + 2 + bytes.getShort(ciphers);
    int extensions = compression + 1 + bytes.getByte(compression);
    bytes.setShort(extensions, bytes.getShort(extensions) + 4);
    return ByteBufUtil.getBytes(bytes);
  }

  private static byte[] inRecordsOf(int size, byte[] hello) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int at = RECORD_HEADER_BYTES; at < hello.length; at += size) {
      int length = Math.min(size, hello.length - at);
      out.writeBytes(new byte[] {0x16, 3, 1, 0, (byte) length});
      out.write(hello, at, length);
    }
    return out.toByteArray();
  }

  private static byte[] concat(byte[]... parts) {
    List<Byte> all = new ArrayList<>();
    for (byte[] part : parts) {
      for (byte b : part) {
        all.add(b);
      }
    }
    byte[] bytes = new byte[all.size()];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = all.get(i);
    }
    return bytes;
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
