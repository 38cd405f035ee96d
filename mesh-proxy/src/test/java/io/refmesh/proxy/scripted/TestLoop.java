package io.refmesh.proxy.scripted;

import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.concurrent.MockTicker;
import io.netty.util.concurrent.Ticker;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.proxy.http.BodyPipe;
import io.refmesh.proxy.http.Caller;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.RequestHead;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** An event loop on a clock that is moved by hand, and what runs on it. */
public final class TestLoop {

  public static final Caller APPLICATION =
      new Caller(
          new InetSocketAddress(InetAddress.getLoopbackAddress(), 4000), Optional.empty(), false);

  public final MockTicker ticker = Ticker.newMockTicker();
  public final ProxyMetrics metrics = new ProxyMetrics(ticker, 10_000);
  public final RandomGenerator random;

  /** The same clock as an hour of the day: it begins at 1970-01-01 with the ticker's first. */
  public final InstantSource clock = () -> Instant.EPOCH.plusNanos(nanos());

  private final EmbeddedChannel channel = EmbeddedChannel.builder().ticker(ticker).build();

  public TestLoop() {
    this(1);
  }

  public TestLoop(long seed) {
    random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    // A clock that starts anywhere but at 0 finds code that takes 0 for "never".
    ticker.advance(1, TimeUnit.HOURS);
  }

  public EventLoop loop() {
    return channel.eventLoop();
  }

  public long nanos() {
    return ticker.nanoTime();
  }

  /** Runs what is due now. */
  public void run() {
    channel.runPendingTasks();
    channel.runScheduledPendingTasks();
  }

  /** Moves the clock from timer to timer, so that each runs at its time. */
  public void advance(Duration duration) {
    long left = duration.toNanos();
    run();
    while (left > 0) {
      long next = channel.runScheduledPendingTasks();
      long step = next < 0 ? left : Math.min(left, Math.max(next, 1));
      ticker.advance(step, TimeUnit.NANOSECONDS);
      left -= step;
      run();
    }
  }

  public void advanceMillis(long millis) {
    advance(Duration.ofMillis(millis));
  }

  public Exchange get(String path) {
    return exchange(head("GET", path, true), BodyPipe.empty(), APPLICATION);
  }

  public Exchange request(String method, String path) {
    return exchange(head(method, path, true), BodyPipe.empty(), APPLICATION);
  }

  public Exchange grpc(String path) {
    Exchange exchange = exchange(head("POST", path, true), BodyPipe.empty(), APPLICATION);
    exchange.request().headers().set("content-type", "application/grpc");
    return exchange;
  }

  public Exchange post(String path, BodyPipe body) {
    return exchange(head("POST", path, false), body, APPLICATION);
  }

  /** A request that asks for WebSocket; what is written into it comes from the body. */
  public Exchange upgrade(String path, BodyPipe body) {
    RequestHead plain = head("GET", path, false);
    RequestHead asking =
        new RequestHead(
            plain.version(),
            plain.method(),
            plain.scheme(),
            plain.authority(),
            path,
            plain.headers(),
            false,
            "websocket",
            null);
    return exchange(asking, body, APPLICATION);
  }

  public Exchange exchange(RequestHead head, BodyPipe body, Caller caller) {
    return new Exchange(loop(), caller, head, body, nanos());
  }

  public static RequestHead head(
      String method, String path, boolean endOfStream, String... fields) {
    Http2Headers headers = new DefaultHttp2Headers(false);
    for (int i = 0; i < fields.length; i += 2) {
      headers.add(fields[i], fields[i + 1]);
    }
    return new RequestHead(
        RequestHead.Version.HTTP_1_1, method, "http", "cart.shop:8080", path, headers, endOfStream);
  }

  public static Caller meshed(String identity) {
    return new Caller(
        new InetSocketAddress("10.1.2.3", 4000), Optional.of(SpiffeId.parse(identity)), true);
  }
}
