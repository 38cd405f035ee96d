package io.refmesh.proxy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Ticker;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.error.MeshError;
import io.refmesh.proxy.accept.ConnectionMeter;
import io.refmesh.proxy.accept.OncePerMinute;
import io.refmesh.proxy.balance.Balancer;
import io.refmesh.proxy.balance.Selection;
import io.refmesh.proxy.detect.Protocol;
import io.refmesh.proxy.endpoint.Attempt;
import io.refmesh.proxy.endpoint.BackendEndpoints;
import io.refmesh.proxy.relay.Dialer;
import io.refmesh.proxy.relay.TcpRelay;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import io.refmesh.proxy.tls.MeshAlpn;
import io.refmesh.proxy.tls.MeshTls;
import io.refmesh.proxy.tls.Secured;
import io.refmesh.proxy.tls.TlsRefused;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Opaque connections of the application: each goes to one endpoint of its service, inside TLS when
 * the endpoint has a sidecar. On the event loop of the connection.
 */
final class OutboundRelays {

  private static final Logger LOG = Logger.getLogger(OutboundRelays.class.getName());

  /**
   * Nothing of the application's is sent before a connection is there, so another endpoint may be
   * tried.
   */
  private static final int TRIES_MAX = 3;

  private final Dialer dialer;
  private final MeshTls tls;
  private final Ticker ticker;
  private final ProxyMetrics metrics;
  private final OncePerMinute lines;

  OutboundRelays(Dialer dialer, MeshTls tls, Ticker ticker, ProxyMetrics metrics) {
    this.dialer = dialer;
    this.tls = tls;
    this.ticker = ticker;
    this.metrics = metrics;
    lines = new OncePerMinute(ticker);
  }

  /**
   * @param protocol TLS with the name it asks for, or opaque
   */
  void begin(Channel channel, OutboundServices.Service service, Protocol protocol) {
    new Connection(channel, service, protocol).begin();
  }

  /** One connection of the application. */
  private final class Connection implements TcpRelay.Listener, Runnable {

    private final Channel channel;
    private final OutboundServices.Service service;
    private final Protocol protocol;
    private final TcpRelay relay;
    private final Runnable endpointsChanged;
    private OutboundBackends.@Nullable Connections to;
    private int tries;
    private @Nullable EndpointSpec failed;
    private @Nullable Attempt attempt;
    private @Nullable Channel dialled;
    private @Nullable Future<?> timer;
    private boolean answered;
    private boolean counted;
    private boolean waiting;

    Connection(Channel channel, OutboundServices.Service service, Protocol protocol) {
      this.channel = channel;
      this.service = service;
      this.protocol = protocol;
      // On the thread that changes the endpoints.
      endpointsChanged = () -> channel.eventLoop().execute(this::lookAgain);
      this.relay = TcpRelay.begin(channel, TcpRelay.Wire.PLAIN, this);
    }

    void begin() {
      if (!(service.answer() instanceof OutboundServices.Answer.None)) {
        answered();
        return;
      }
      timer =
          channel
              .eventLoop()
              .schedule(
                  () ->
                      refuse(
                          MeshError.NOT_READY,
                          "the control plane did not say where the service is"),
                  OutboundServices.ANSWER_WITHIN.toMillis(),
                  TimeUnit.MILLISECONDS);
      service.await(this);
      if (!(service.answer() instanceof OutboundServices.Answer.None)) {
        run();
      }
    }

    /** On the control plane's thread. */
    @Override
    public void run() {
      channel.eventLoop().execute(this::answered);
    }

    private void answered() {
      if (answered) {
        return;
      }
      answered = true;
      stopWaiting();
      route();
    }

    private void route() {
      if (relay.over()) {
        return;
      }
      switch (service.answer()) {
        case OutboundServices.Answer.None none ->
            refuse(MeshError.NOT_READY, "the control plane did not say where the service is");
        case OutboundServices.Answer.Missing(String reason) ->
            refuse(MeshError.NO_ENDPOINTS, reason);
        case OutboundServices.Answer.Known(DestinationStack stack) -> {
          Optional<String> name =
              protocol instanceof Protocol.Tls tls ? tls.serverName() : Optional.empty();
          switch (stack.connections().of(protocol instanceof Protocol.Tls, name)) {
            case ConnectionRoutes.Route.Refused(MeshError error, String detail) ->
                refuse(error, detail);
            case ConnectionRoutes.Route.To(OutboundBackends.Connections backend) -> {
              if (count(backend)) {
                to = backend;
                choose(backend);
              }
            }
          }
        }
      }
    }

    /** Whether the service takes one more connection. */
    private boolean count(OutboundBackends.Connections backend) {
      int most = backend.backend().settings().limits().connections();
      if (!backend.endpoints().tryConnect(most == 0 ? Integer.MAX_VALUE : most)) {
        metrics.counter(ProxyMetric.LIMIT_REACHED_TOTAL, "connections").increment();
        refuse(MeshError.OVERLOADED, most + " connections to it are open (connections)");
        return false;
      }
      counted = true;
      return true;
    }

    private void choose(OutboundBackends.Connections backend) {
      Duration timeout = backend.backend().settings().connectTimeout();
      tries++;
      long key =
          channel.remoteAddress() instanceof InetSocketAddress peer
              ? peer.getHostString().hashCode()
              : 0;
      switch (backend.selector().select(key, failed, "", ticker.nanoTime())) {
        case Selection.Chosen(Attempt chosen) -> {
          attempt = chosen;
          dial(chosen.endpoint().spec(), timeout);
        }
        case Selection.NoEndpoints none ->
            refuse(MeshError.NO_ENDPOINTS, "the service has no endpoint");
        case Selection.NoneReady none -> waitForOne(backend.endpoints());
        case Selection.AllEjected(int ejected) ->
            refuse(MeshError.ALL_EJECTED, "all " + ejected + " endpoints are ejected");
      }
    }

    /** As long as a request would wait; once one has waited in vain, the next do not. */
    private void waitForOne(BackendEndpoints endpoints) {
      if (endpoints.waitedInVain()) {
        refuse(MeshError.NO_ENDPOINTS, "the service has endpoints, but none is ready");
        return;
      }
      waiting = true;
      timer =
          channel
              .eventLoop()
              .schedule(() -> waitedInVain(endpoints), Balancer.WAIT_SECONDS, TimeUnit.SECONDS);
      endpoints.await(endpointsChanged);
      if (!endpoints.current().ready().isEmpty()) {
        endpointsChanged.run();
      }
    }

    private void lookAgain() {
      OutboundBackends.Connections backend = to;
      if (!waiting || backend == null) {
        return;
      }
      boolean ready = !backend.endpoints().current().ready().isEmpty();
      if (ready || backend.endpoints().current().all().isEmpty()) {
        stopWaiting();
        if (!relay.over()) {
          choose(backend);
        }
      }
    }

    private void waitedInVain(BackendEndpoints endpoints) {
      if (waiting) {
        stopWaiting();
        endpoints.markWaitedInVain();
        refuse(
            MeshError.NO_ENDPOINTS,
            "the service has endpoints, but none got ready within " + Balancer.WAIT_SECONDS + " s");
      }
    }

    private void dial(EndpointSpec endpoint, Duration timeout) {
      ServicePort id = service.id();
      ConnectionMeter.Labels labels =
          new ConnectionMeter.Labels(
              "outbound",
              "dst",
              endpoint.identity().isPresent(),
              id.namespace(),
              id.service(),
              Integer.toString(id.port()),
              endpoint.address().toString());
      dialer.dial(
          channel.eventLoop(),
          endpoint.dial(),
          timeout,
          labels,
          new Dialer.Told() {
            @Override
            public void connected(Channel connection) {
              dialled = connection;
              if (endpoint.identity().isPresent()) {
                secure(connection, endpoint, timeout);
              } else {
                join(connection, TcpRelay.Wire.PLAIN);
              }
            }

            @Override
            public void failed(MeshError error, String detail) {
              tryFailed(endpoint, error, detail);
            }
          });
    }

    private void secure(Channel connection, EndpointSpec endpoint, Duration timeout) {
      boolean begun =
          tls.connect(
              connection.pipeline(),
              endpoint.identity().orElseThrow(),
              MeshAlpn.TCP,
              timeout,
              new MeshTls.Next() {
                @Override
                public void secured(ChannelHandlerContext context, Secured what) {
                  join(connection, TcpRelay.Wire.FRAMED);
                }

                @Override
                public void refused(ChannelHandlerContext context, TlsRefused why) {
                  tryFailed(endpoint, why.error(), String.valueOf(why.getMessage()));
                }
              });
      if (!begun) {
        connection.close();
        tryFailed(endpoint, MeshError.NOT_READY, "no certificate of our own");
      }
    }

    private void join(Channel connection, TcpRelay.Wire wire) {
      if (attempt != null) {
        attempt.connected(ticker.nanoTime());
      }
      relay.join(connection, wire);
    }

    private void tryFailed(EndpointSpec endpoint, MeshError error, String detail) {
      endAttempt();
      dialled = null;
      failed = endpoint;
      if (relay.over()) {
        return;
      }
      if (tries < TRIES_MAX && to != null) {
        choose(to);
      } else {
        refuse(error, detail);
      }
    }

    private void refuse(MeshError error, String detail) {
      if (relay.over()) {
        return;
      }
      metrics.counter(ProxyMetric.REFUSED_TOTAL, "outbound", error.code()).increment();
      if (lines.due(service.id() + error.code())) {
        LOG.log(
            Level.WARNING,
            "opaque connection refused: service={0} error={1} detail=\"{2}\"",
            new Object[] {service.id(), error.code(), detail});
      }
      relay.cut(error.code());
    }

    @Override
    public void closed(String error) {
      stopWaiting();
      if (dialled != null && !dialled.isOpen()) {
        dialled = null;
      }
      if (dialled != null) {
        // Still in its handshake: the relay does not know it.
        dialled.close();
        callerLeft();
      }
      endAttempt();
      if (counted && to != null) {
        counted = false;
        to.endpoints().disconnected();
      }
    }

    /**
     * The application went before the connection was made: nothing that the endpoint could help.
     */
    private void callerLeft() {
      if (attempt != null) {
        Attempt ended = attempt;
        attempt = null;
        ended.callerLeft(ticker.nanoTime());
      }
    }

    private void endAttempt() {
      if (attempt != null) {
        Attempt ended = attempt;
        attempt = null;
        ended.closed(ticker.nanoTime());
      }
    }

    private void stopWaiting() {
      service.forget(this);
      if (waiting && to != null) {
        waiting = false;
        to.endpoints().forget(endpointsChanged);
      }
      if (timer != null) {
        timer.cancel(false);
        timer = null;
      }
    }
  }
}
