package io.refmesh.proxy.accept;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufHolder;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.refmesh.proxy.telemetry.Counter;
import io.refmesh.proxy.telemetry.LongGauge;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Counts one connection and its bytes on the wire; first in its pipeline. What the connection is
 * becomes known on the way ({@link #name}): until then bytes are kept as numbers. On the event loop
 * of the connection.
 */
public final class ConnectionMeter extends ChannelDuplexHandler {

  /** Values for the labels of {@code tcp_*}, in the order of {@link ProxyMetric#TCP_OPEN_TOTAL}. */
  public record Labels(
      String direction,
      String peer,
      boolean tls,
      String namespace,
      String service,
      String port,
      String targetAddress) {

    String[] values() {
      return new String[] {
        direction, peer, tls ? "true" : "false", namespace, service, port, targetAddress
      };
    }

    Labels serving(String newNamespace, String newService) {
      return new Labels(direction, peer, tls, newNamespace, newService, port, targetAddress);
    }

    Labels secured() {
      return new Labels(direction, peer, true, namespace, service, port, targetAddress);
    }
  }

  private final ProxyMetrics metrics;
  private Labels labels;
  private @Nullable Counter read;
  private @Nullable Counter written;
  private @Nullable LongGauge open;
  private long readBefore;
  private long writtenBefore;
  private String error = "";
  private boolean connecting;
  private boolean closed;

  /**
   * Of a connection that was accepted.
   *
   * @param labels as far as they are known; counted under them if the connection ends before it is
   *     named
   */
  ConnectionMeter(ProxyMetrics metrics, Labels labels) {
    this.metrics = metrics;
    this.labels = labels;
  }

  /** Of a connection that we make: it is counted once it is there. */
  public static ConnectionMeter connecting(ProxyMetrics metrics, Labels labels) {
    ConnectionMeter meter = new ConnectionMeter(metrics, labels);
    meter.connecting = true;
    return meter;
  }

  /** The service that was called, once it is known. */
  public void serves(String namespace, String service) {
    if (read == null) {
      labels = labels.serving(namespace, service);
    }
  }

  /** All that is to be known about the connection is known: it counts as open from now on. */
  public void name() {
    if (read != null) {
      return;
    }
    String[] values = labels.values();
    metrics.counter(ProxyMetric.TCP_OPEN_TOTAL, values).increment();
    open = metrics.gauge(ProxyMetric.TCP_OPEN_CONNECTIONS, values);
    open.add(1);
    read = metrics.counter(ProxyMetric.TCP_READ_BYTES_TOTAL, values);
    read.add(readBefore);
    written = metrics.counter(ProxyMetric.TCP_WRITE_BYTES_TOTAL, values);
    written.add(writtenBefore);
  }

  /** As {@link #name}, for a connection that turned out to be one between sidecars. */
  public void nameSecured() {
    if (read == null) {
      labels = labels.secured();
    }
    name();
  }

  /** Why the connection ends; the first reason stands. */
  public void broken(String why) {
    if (error.isEmpty()) {
      error = why;
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    int bytes = bytes(message);
    if (read != null) {
      read.add(bytes);
    } else {
      readBefore += bytes;
    }
    context.fireChannelRead(message);
  }

  @Override
  public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
    int bytes = bytes(message);
    if (written != null) {
      written.add(bytes);
    } else {
      writtenBefore += bytes;
    }
    context.write(message, promise);
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    if (connecting) {
      connecting = false;
      name();
    }
    context.fireChannelActive();
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    // What the steps behind make of the end may say why.
    context.fireChannelInactive();
    close();
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    close();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    broken(String.valueOf(cause.getMessage()).contains("reset") ? "reset" : "broken");
    context.fireExceptionCaught(cause);
  }

  private void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (connecting) {
      return;
    }
    name();
    if (open != null) {
      open.add(-1);
    }
    String[] values = labels.values();
    String[] withError = Arrays.copyOf(values, values.length + 1);
    withError[values.length] = error;
    metrics.counter(ProxyMetric.TCP_CLOSE_TOTAL, withError).increment();
  }

  private static int bytes(Object message) {
    return switch (message) {
      case ByteBuf bytes -> bytes.readableBytes();
      case ByteBufHolder holder -> holder.content().readableBytes();
      default -> 0;
    };
  }
}
