package io.refmesh.proxy.telemetry;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.stream.Stream;

/**
 * The process as the kernel sees it, read when {@code /metrics} is asked. Where there is no /proc,
 * those values are NaN.
 */
public final class ProcessMetrics {

  private static final Path STATUS = Path.of("/proc/self/status");
  private static final Path DESCRIPTORS = Path.of("/proc/self/fd");
  private static final double NANOS_PER_SECOND = 1e9;

  private final ProcessHandle process = ProcessHandle.current();

  private ProcessMetrics() {}

  /**
   * Adds the metrics of this process; once per process, so not for proxies that share a JVM in a
   * test.
   */
  public static void addTo(ProxyMetrics metrics) {
    ProcessMetrics source = new ProcessMetrics();
    // The registry holds its sources weakly; the gauge below keeps this one alive.
    Gauge.builder(ProxyMetric.PROCESS_START_TIME_SECONDS.metricName(), source::startSeconds)
        .description(ProxyMetric.PROCESS_START_TIME_SECONDS.sentence())
        .register(metrics.registry());
    FunctionCounter.builder(
            ProxyMetric.PROCESS_CPU_SECONDS_TOTAL.metricName(), source, ProcessMetrics::cpuSeconds)
        .description(ProxyMetric.PROCESS_CPU_SECONDS_TOTAL.sentence())
        .register(metrics.registry());
    Gauge.builder(ProxyMetric.PROCESS_RESIDENT_MEMORY_BYTES.metricName(), source::residentBytes)
        .description(ProxyMetric.PROCESS_RESIDENT_MEMORY_BYTES.sentence())
        .register(metrics.registry());
    Gauge.builder(ProxyMetric.PROCESS_OPEN_FDS.metricName(), source::openDescriptors)
        .description(ProxyMetric.PROCESS_OPEN_FDS.sentence())
        .register(metrics.registry());
  }

  private double startSeconds() {
    return process
        .info()
        .startInstant()
        .map(Instant::getEpochSecond)
        .map(Long::doubleValue)
        .orElse(Double.NaN);
  }

  private double cpuSeconds() {
    return process.info().totalCpuDuration().map(Duration::toNanos).orElse(0L) / NANOS_PER_SECOND;
  }

  private double residentBytes() {
    try (Stream<String> lines = Files.lines(STATUS)) {
      return lines
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToDouble(line -> Double.parseDouble(line.replaceAll("[^0-9]", "")) * 1024)
          .findFirst()
          .orElse(Double.NaN);
    } catch (IOException e) {
      return Double.NaN;
    }
  }

  private double openDescriptors() {
    try (Stream<Path> descriptors = Files.list(DESCRIPTORS)) {
      return descriptors.count();
    } catch (IOException e) {
      return Double.NaN;
    }
  }
}
