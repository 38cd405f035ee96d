package io.refmesh.proxy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Ticker;
import io.refmesh.model.discovery.AddressState;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.error.MeshError;
import io.refmesh.proxy.accept.Accepted;
import io.refmesh.proxy.accept.HalfClosing;
import io.refmesh.proxy.accept.OncePerMinute;
import io.refmesh.proxy.accept.Target;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Connections that the kernel's rules led here: asks what is at the address that the application
 * called, and sends each the way of the service, out of the mesh, or back. On the event loop of the
 * connection.
 */
final class CapturedConnections {

  private static final Logger LOG = Logger.getLogger(CapturedConnections.class.getName());

  private final OutboundAddresses addresses;
  private final OutboundConnections services;
  private final EgressConnections outside;
  private final ProxyMetrics metrics;
  private final OncePerMinute lines;

  CapturedConnections(
      OutboundAddresses addresses,
      OutboundConnections services,
      EgressConnections outside,
      ProxyMetrics metrics,
      Ticker ticker) {
    this.addresses = addresses;
    this.services = services;
    this.outside = outside;
    this.metrics = metrics;
    lines = new OncePerMinute(ticker);
  }

  void accepted(Accepted connection, Target.Captured target) {
    new Asking(connection, target.address()).begin();
  }

  /** One connection, until it is known where it goes; keeps what comes meanwhile. */
  private final class Asking extends ChannelInboundHandlerAdapter {

    private final Accepted connection;
    private final HostPort address;
    private final Queue<Object> kept = new ArrayDeque<>(2);
    private @Nullable Future<?> timer;
    private boolean over;

    Asking(Accepted connection, HostPort address) {
      this.connection = connection;
      this.address = address;
    }

    void begin() {
      Channel channel = connection.channel();
      // What the kernel holds is bound; what was read already is kept here.
      channel.config().setAutoRead(false);
      channel.pipeline().addLast(this);
      Optional<AddressState> known =
          addresses.ask(address, state -> channel.eventLoop().execute(() -> answered(state)));
      if (known.isPresent()) {
        answered(known.get());
      } else {
        timer =
            channel
                .eventLoop()
                .schedule(
                    () ->
                        refuse(
                            MeshError.NOT_READY,
                            "the control plane did not say what is there within "
                                + OutboundServices.ANSWER_WITHIN.toSeconds()
                                + " s"),
                    OutboundServices.ANSWER_WITHIN.toMillis(),
                    TimeUnit.MILLISECONDS);
      }
    }

    private void answered(AddressState state) {
      if (over) {
        return;
      }
      switch (state) {
        case AddressState.Found(ServicePort service, AppProtocol protocol) -> {
          connection.meter().serves(service.namespace(), service.service());
          services.accepted(connection, new Target.Outbound(service, protocol));
          goOn();
        }
        case AddressState.Outside there -> {
          outside.begin(connection, address);
          goOn();
        }
        case AddressState.Refused(String reason) -> refuse(MeshError.NO_ENDPOINTS, reason);
      }
    }

    /** The next step is behind this one: it gets what came meanwhile. */
    private void goOn() {
      end();
      ChannelHandlerContext context = connection.channel().pipeline().context(this);
      for (Object event = kept.poll(); event != null; event = kept.poll()) {
        if (event instanceof Event(Object happened)) {
          context.fireUserEventTriggered(happened);
        } else {
          context.fireChannelRead(event);
        }
      }
      context.pipeline().remove(this);
    }

    private void refuse(MeshError error, String why) {
      if (over) {
        return;
      }
      end();
      metrics.counter(ProxyMetric.REFUSED_TOTAL, "outbound", error.code()).increment();
      connection.meter().broken(error.code());
      if (lines.due(address + error.code())) {
        LOG.log(
            Level.WARNING,
            "captured connection refused: address={0} error={1} ({2})",
            new Object[] {address, error.code(), why});
      }
      HalfClosing.reset(connection.channel());
    }

    private void end() {
      over = true;
      if (timer != null) {
        timer.cancel(false);
      }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      kept.add(message);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      kept.add(new Event(event));
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      end();
      context.fireChannelInactive();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
      kept.forEach(ReferenceCountUtil::release);
      kept.clear();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      // The application went before anything was sent anywhere.
      context.close();
    }
  }

  /** Something that happened to the channel, among the bytes in their order. */
  private record Event(Object happened) {}
}
