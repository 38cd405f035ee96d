package io.refmesh.proxy;

import io.netty.util.concurrent.Ticker;
import io.refmesh.proxy.telemetry.AccessLog;
import io.refmesh.proxy.telemetry.ExchangeObserver;
import io.refmesh.proxy.telemetry.FlightRecorder;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import io.refmesh.proxy.telemetry.Redaction;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Everything that is told of exchanges besides the metrics, as the configuration asks for it;
 * started and closed with the proxy.
 */
final class Observers implements AutoCloseable {

  private final Optional<FlightRecorder> recorder;
  private final Optional<AccessLog> accessLog;

  Observers(
      TelemetryConfig config, int loops, Proxy.Surroundings surroundings, ProxyMetrics metrics) {
    Redaction redaction = new Redaction(config.redactQuery(), config.redactHeaders());
    Ticker ticker = surroundings.ticker();
    Optional<AccessLog.Format> format =
        switch (config.accessLog()) {
          case OFF -> Optional.empty();
          case TEXT -> Optional.of(AccessLog.Format.TEXT);
          case JSON -> Optional.of(AccessLog.Format.JSON);
        };
    recorder =
        config.recorderBytes() == 0
            ? Optional.empty()
            : Optional.of(
                new FlightRecorder(
                    config.recorderBytes(), loops, redaction, surroundings.clock(), metrics));
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
    accessLog.ifPresent(all::add);
    recorder.ifPresent(all::add);
    return List.copyOf(all);
  }

  /** What the flight recorder keeps; nothing when it is off. */
  String recorded(FlightRecorder.Filter filter) {
    return recorder.map(kept -> kept.dump(filter)).orElse("");
  }

  void start() {
    accessLog.ifPresent(AccessLog::start);
  }

  @Override
  public void close() {
    accessLog.ifPresent(AccessLog::close);
  }
}
