package io.refmesh.proxy.http.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.DefaultHttp2HeadersEncoder;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.concurrent.Ticker;
import io.refmesh.model.error.MeshError;
import io.refmesh.proxy.http.Caller;
import io.refmesh.proxy.http.Http1Fields;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.RequestHead;
import io.refmesh.testkit.fuzz.Fuzz;
import io.refmesh.testkit.fuzz.Jazzer;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
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
 * Whatever bytes a peer sends: the HTTP/1 server answers or closes, and nothing that passes can be
 * read in another way by the next server.
 */
public class HttpFuzzTest {

  private static final Path CORPORA = Path.of("src/test/resources/fuzz");
  private static final Jazzer JAZZER =
      new Jazzer(
          HttpFuzzTest.class,
          Map.of(
              "http1",
              new Fuzz(CORPORA.resolve("http1"), System::nanoTime, HttpFuzzTest::serve),
              "headers",
              new Fuzz(CORPORA.resolve("headers"), System::nanoTime, HttpFuzzTest::translate)));

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
  void survivesAnything(String target) throws Exception {
    JAZZER.run(target);
  }

  /** Where Jazzer begins. */
  public static void fuzzerInitialize() {
    JAZZER.chosen().warmUp();
  }

  public static void fuzzerTestOneInput(byte[] input) throws Exception {
    JAZZER.chosen().feed(input);
  }

  private static void serve(byte[] input) throws Exception {
    List<RequestHead> heads = new ArrayList<>();
    EmbeddedChannel channel = new EmbeddedChannel();
    Http1Server.install(
        channel.pipeline(),
        (exchange, reply) -> {
          heads.add(exchange.request());
          reply.done(Outcome.Failed.before(MeshError.NO_ENDPOINTS, "nobody"));
        },
        new Caller(new InetSocketAddress("127.0.0.1", 1), Optional.empty(), false),
        ServerSettings.of(ServerSettings.Role.INBOUND, Ticker.systemTicker()));
    int cut = input.length == 0 ? 0 : (input[0] & 0xff) % (input.length + 1);
    channel.writeInbound(Unpooled.copiedBuffer(input, 0, cut));
    if (channel.isOpen()) {
      channel.writeInbound(Unpooled.copiedBuffer(input, cut, input.length - cut));
    }
    channel.runPendingTasks();
    heads.forEach(HttpFuzzTest::requireUnambiguous);
    // What was refused is told; anything else would leave the caller waiting.
    channel.checkException();
    channel.finishAndReleaseAll();
  }

  /**
   * Lines {@code name: value}, the first four the pseudo headers' values, by way of HPACK as they
   * would come.
   */
  private static void translate(byte[] input) throws Http2Exception {
    String[] lines = new String(input, StandardCharsets.ISO_8859_1).split("\n", -1);
    Http2Headers headers = new DefaultHttp2Headers(false);
    headers.method(line(lines, 0)).scheme(line(lines, 1));
    headers.authority(line(lines, 2)).path(line(lines, 3));
    for (int i = 4; i < lines.length; i++) {
      int colon = lines[i].indexOf(": ");
      if (colon > 0) {
        headers.add(lines[i].substring(0, colon), lines[i].substring(colon + 2));
      }
    }
    ByteBuf block = Unpooled.buffer();
    new DefaultHttp2HeadersEncoder().encodeHeaders(3, headers, block);
    try {
      Http2Headers read = new DefaultHttp2HeadersDecoder(true).decodeHeaders(3, block);
      if (read.getAll("content-length").size() < 2) {
        // The connection's decoder makes one of equal lengths and refuses others.
        requireUnambiguous(RequestHeads.ofHttp2(read, true, false));
      }
    } catch (BadRequest | Http2Exception refused) {
      assertThat(refused.getMessage()).isNotBlank();
    }
  }

  private static String line(String[] lines, int number) {
    return number < lines.length ? lines[number] : "";
  }

  /** As HTTP/1 it would be one head, and the one that was decided upon. */
  private static void requireUnambiguous(RequestHead head) {
    assertThat(head.method()).matches("[!#$%&'*+.^_`|~0-9A-Za-z-]+");
    assertThat(head.path()).matches("[/*][\\x21-\\x7e\\x80-\\xff]*");
    HttpHeaders written = new DefaultHttpHeaders();
    Http1Fields.toHttp1(head.headers(), written);
    for (Map.Entry<String, String> field : written) {
      assertThat(field.getKey()).matches("[!#$%&'*+.^_`|~0-9A-Za-z-]+");
      assertThat(field.getValue()).doesNotContainPattern("[\\r\\n\\x00]");
    }
    assertThat(written.getAll("content-length")).hasSizeLessThan(2);
  }
}
