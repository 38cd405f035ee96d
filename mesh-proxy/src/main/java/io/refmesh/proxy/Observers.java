package io.refmesh.proxy;

import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.Ticker;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.proxy.accept.OncePerMinute;
import io.refmesh.proxy.accept.Transport;
import io.refmesh.proxy.tap.TapService;
import io.refmesh.proxy.tap.Taps;
import io.refmesh.proxy.telemetry.AccessLog;
import io.refmesh.proxy.telemetry.ExchangeObserver;
import io.refmesh.proxy.telemetry.FlightRecorder;
import io.refmesh.proxy.telemetry.OtlpSpans;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import io.refmesh.proxy.telemetry.Redaction;
import io.refmesh.proxy.telemetry.SpanExporter;
import io.refmesh.proxy.telemetry.Tracer;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * Everything that is told of exchanges besides the metrics, as the configuration asks for it;
 * started and closed with the proxy.
 */
final class Observers implements AutoCloseable {

  /** How long a span waits for others at most. */
  private static final Duration EXPORT_EVERY = Duration.ofSeconds(1);

  private static final Duration EXPORT_TIMEOUT = Duration.ofSeconds(10);

  /** What observers need of the proxy. */
  record Parts(
      EventLoopGroup sideLoops,
      Transport transport,
      RandomGenerator random,
      ProxyMetrics metrics) {}

  private final Redaction redaction;
  private final Optional<SpanExporter> spans;
  private final Optional<Tracer> tracer;
  private final Optional<Taps> taps;
  private final Optional<FlightRecorder> recorder;
  private final Optional<AccessLog> accessLog;

  Observers(ProxyConfig proxy, Proxy.Surroundings surroundings, Parts parts) {
    TelemetryConfig config = proxy.telemetry();
    ProxyMetrics metrics = parts.metrics();
    redaction = new Redaction(config.redactQuery(), config.redactHeaders());
    Ticker ticker = surroundings.ticker();
    Optional<AccessLog.Format> format =
        switch (config.accessLog()) {
          case OFF -> Optional.empty();
          case TEXT -> Optional.of(AccessLog.Format.TEXT);
          case JSON -> Optional.of(AccessLog.Format.JSON);
        };
    spans = config.otlp().map(url -> exporter(url, proxy, surroundings, parts));
    tracer = spans.map(exporter -> new Tracer(config.samplePercent(), parts.random(), exporter));
    taps = config.tap().map(address -> new Taps(ticker, surroundings.clock(), metrics));
    recorder =
        config.recorderBytes() == 0
            ? Optional.empty()
            : Optional.of(
                new FlightRecorder(
                    config.recorderBytes(),
                    proxy.eventLoops(),
                    redaction,
                    surroundings.clock(),
                    metrics));
    accessLog =
        format.map(chosen ->
            new AccessLog(
                chosen,
                config.accessLogRate(),
                redaction,
                surroundings.accessLog(),
                ticker,
                surroundings.clock(),
                metrics));
  }

  /** In the order in which they are told. */
  List<ExchangeObserver> all() {
    List<ExchangeObserver> all = new ArrayList<>();
    tracer.ifPresent(all::add);
    taps.ifPresent(all::add);
    accessLog.ifPresent(all::add);
    recorder.ifPresent(all::add);
    return List.copyOf(all);
  }

  /** What the flight recorder keeps; nothing when it is off. */
  String recorded(FlightRecorder.Filter filter) {
    return recorder.map(kept -> kept.dump(filter)).orElse("");
  }

  /** What answers those who tap; empty when nobody can. */
  Optional<TapService> tapService(Set<SpiffeId> allowed) {
    return taps.map(all -> new TapService(all, allowed, redaction));
  }

  void start() {
    spans.ifPresent(SpanExporter::start);
    accessLog.ifPresent(AccessLog::start);
  }

  @Override
  public void close() {
    spans.ifPresent(SpanExporter::close);
    accessLog.ifPresent(AccessLog::close);
  }

  private SpanExporter exporter(
      URI url, ProxyConfig proxy, Proxy.Surroundings surroundings, Parts parts) {
    NettyChannelBuilder collector =
        NettyChannelBuilder.forAddress(url.getHost(), url.getPort())
            .eventLoopGroup(parts.sideLoops())
            .channelType(parts.transport().connectionType())
            .executor(task -> Thread.ofVirtual().start(task))
            .disableRetry();
    if (url.getScheme().equals("http")) {
      collector.usePlaintext();
    }
    return new SpanExporter(
        new OtlpSpans(
            new OtlpSpans.Origin(
                proxy.namespace(),
                proxy.workload(),
                proxy.namespace() + "/" + proxy.workload() + "/" + proxy.replica()),
            redaction),
        collector.build(),
        EXPORT_EVERY,
        EXPORT_TIMEOUT,
        surroundings.clock(),
        new OncePerMinute(surroundings.ticker())::due,
        parts.metrics());
  }
}
