package io.refmesh.proxy;

import io.netty.channel.Channel;
import io.netty.util.concurrent.Ticker;
import io.refmesh.model.error.MeshError;
import io.refmesh.proxy.accept.Accepted;
import io.refmesh.proxy.accept.ConnectionMeter;
import io.refmesh.proxy.accept.OncePerMinute;
import io.refmesh.proxy.accept.Target;
import io.refmesh.proxy.detect.DetectHandler;
import io.refmesh.proxy.http.Caller;
import io.refmesh.proxy.policy.AuthorizationMeters;
import io.refmesh.proxy.policy.Decision;
import io.refmesh.proxy.relay.Dialer;
import io.refmesh.proxy.relay.EarlyServer;
import io.refmesh.proxy.relay.TcpRelay;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Opaque connections to the application, allowed or refused as a whole: when they come, and again
 * when the policy changes. Each is on its event loop; {@link #policyChanged} comes from the control
 * plane's thread.
 */
final class InboundRelays {

  private static final Logger LOG = Logger.getLogger(InboundRelays.class.getName());

  private final Supplier<@Nullable InboundStack> current;
  private final ApplicationCalls application;
  private final Dialer dialer;
  private final AuthorizationMeters authorizations;
  private final ProxyMetrics metrics;
  private final OncePerMinute lines;
  private final Set<Connection> open = ConcurrentHashMap.newKeySet();

  InboundRelays(
      Supplier<@Nullable InboundStack> current,
      ApplicationCalls application,
      Dialer dialer,
      AuthorizationMeters authorizations,
      ProxyMetrics metrics,
      Ticker ticker) {
    this.current = current;
    this.application = application;
    this.dialer = dialer;
    this.authorizations = authorizations;
    this.metrics = metrics;
    lines = new OncePerMinute(ticker);
  }

  /**
   * @param early a connection to the application that is there already; null for none
   */
  void begin(
      Accepted accepted,
      TcpRelay.Wire wire,
      Target.Inbound target,
      Caller caller,
      @Nullable EarlyServer early) {
    new Connection(accepted, target, caller, early).begin(wire);
  }

  /**
   * Calls the application for a caller that has said nothing; when it speaks, or cannot be reached,
   * the detection is told.
   */
  void callEarly(
      Accepted accepted,
      Target.Inbound target,
      Consumer<EarlyServer> made,
      DetectHandler detecting) {
    dial(
        accepted,
        target,
        new Dialer.Told() {
          @Override
          public void connected(Channel channel) {
            if (detecting.silent() && accepted.channel().isActive()) {
              made.accept(EarlyServer.listen(channel, detecting::serverSpoke));
            } else {
              channel.close();
            }
          }

          @Override
          public void failed(MeshError error, String detail) {
            // Tried once more when the connection is relayed; that failure is the one to tell.
            detecting.serverSpoke();
          }
        });
  }

  private void dial(Accepted accepted, Target.Inbound target, Dialer.Told told) {
    dialer.dial(
        accepted.channel().eventLoop(),
        application.address(target.port()),
        ApplicationCalls.CONNECT_TIMEOUT,
        new ConnectionMeter.Labels(
            "inbound",
            "dst",
            false,
            "",
            "",
            Integer.toString(target.port()),
            application.address(target.port()).toString()),
        told);
  }

  /** Cuts the connections that the policy in force now forbids. */
  void policyChanged() {
    open.forEach(
        connection -> connection.accepted.channel().eventLoop().execute(connection::judgeAgain));
  }

  private final class Connection implements TcpRelay.Listener, Dialer.Told {

    private final Accepted accepted;
    private final Target.Inbound target;
    private final Caller caller;
    private @Nullable TcpRelay relay;
    private @Nullable EarlyServer early;

    Connection(
        Accepted accepted, Target.Inbound target, Caller caller, @Nullable EarlyServer early) {
      this.early = early;
      this.accepted = accepted;
      this.target = target;
      this.caller = caller;
    }

    void begin(TcpRelay.Wire wire) {
      TcpRelay begun = TcpRelay.begin(accepted.channel(), wire, this);
      relay = begun;
      InboundStack stack = current.get();
      if (stack == null) {
        refuse(MeshError.NOT_READY, "no configuration yet");
        return;
      }
      Decision decision = stack.authorizer().connection(target.port(), caller);
      authorizations.count(decision);
      if (decision instanceof Decision.Denied(String policy, String reason)) {
        refuse(MeshError.DENIED, "policy " + policy + ": " + reason);
        return;
      }
      open.add(this);
      // The policy may have changed between the question and the line above.
      if (current.get() != stack) {
        judgeAgain();
      }
      if (begun.over()) {
        return;
      }
      if (early != null && early.usable()) {
        early.joinTo(begun);
        early = null;
      } else {
        dropEarly();
        dial(accepted, target, this);
      }
    }

    private void dropEarly() {
      if (early != null) {
        early.close();
        early = null;
      }
    }

    void judgeAgain() {
      InboundStack stack = current.get();
      if (stack != null
          && stack.authorizer().connection(target.port(), caller)
              instanceof Decision.Denied(String policy, String reason)) {
        refuse(MeshError.DENIED, "policy " + policy + ": " + reason);
      }
    }

    @Override
    public void connected(Channel channel) {
      if (relay != null) {
        relay.join(channel, TcpRelay.Wire.PLAIN);
      }
    }

    @Override
    public void failed(MeshError error, String detail) {
      refuse(error, detail);
    }

    @Override
    public void closed(String error) {
      open.remove(this);
      dropEarly();
      if (!error.isEmpty()) {
        accepted.meter().broken(error);
      }
    }

    private void refuse(MeshError error, String detail) {
      if (relay == null || relay.over()) {
        return;
      }
      metrics.counter(ProxyMetric.REFUSED_TOTAL, "inbound", error.code()).increment();
      if (lines.due(target.port() + error.code() + caller.identity())) {
        LOG.log(
            Level.WARNING,
            "opaque connection refused: port={0} error={1} peer={2} identity={3} detail=\"{4}\"",
            new Object[] {
              Integer.toString(target.port()),
              error.code(),
              accepted.peer(),
              caller.identity().map(Object::toString).orElse("none"),
              detail
            });
      }
      relay.cut(error.code());
    }
  }
}
