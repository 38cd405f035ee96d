package io.refmesh.proxy;

import io.netty.util.concurrent.Ticker;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.OutboundListener;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.error.MeshError;
import io.refmesh.proxy.accept.Accepted;
import io.refmesh.proxy.accept.Target;
import io.refmesh.proxy.http.Caller;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.RequestHead;
import io.refmesh.proxy.http.ResponseHead;
import io.refmesh.proxy.http.server.Http1Server;
import io.refmesh.proxy.http.server.ServerSettings;
import io.refmesh.proxy.policy.AuthorizationMeters;
import io.refmesh.proxy.policy.Decision;
import io.refmesh.proxy.policy.EgressRules;
import io.refmesh.proxy.telemetry.ProxyMetric;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The outbound path for programs that are told of the mesh by {@code HTTP_PROXY}: requests in
 * absolute form and CONNECT name a service, and go on as if the program had connected to the
 * listener of that service. Any other name is refused, also one that the EgressPolicy allows: this
 * is no way out of the mesh. On the event loop of the connection; {@link #services} comes from the
 * control plane's thread.
 */
final class HttpProxyConnections {

  private static final int DEFAULT_PORT = 80;
  private static final String FORM =
      "this is the HTTP proxy of a sidecar (expected: GET http://service.namespace:port/… or"
          + " CONNECT service.namespace:port)";

  private final OutboundServices services;
  private final OutboundConnections connections;
  private final ServerSettings http;
  private final ProxyMetrics metrics;
  private final String ownNamespace;
  private final String clusterDomain;
  private final Supplier<Optional<EgressRules>> egress;
  private final AuthorizationMeters decisions;
  private volatile Map<String, Target.Outbound> names = Map.of();

  /**
   * @param egress what may be called outside the mesh; empty when everything may
   */
  HttpProxyConnections(
      OutboundServices services,
      OutboundConnections connections,
      Supplier<Optional<EgressRules>> egress,
      ProxyConfig config,
      ProxyMetrics metrics,
      Ticker ticker) {
    this.services = services;
    this.connections = connections;
    this.metrics = metrics;
    this.egress = egress;
    decisions = AuthorizationMeters.outbound(metrics);
    ownNamespace = config.namespace();
    clusterDomain = config.clusterDomain();
    http =
        ServerSettings.of(ServerSettings.Role.OUTBOUND, ticker)
            .withHeaders(config.limits().headerBytes(), config.limits().headerTimeout());
  }

  /** What the workload may call from now on. */
  void services(List<OutboundListener> callable) {
    Map<String, Target.Outbound> next = new HashMap<>();
    for (OutboundListener one : callable) {
      ServicePort id = one.service();
      Target.Outbound target = new Target.Outbound(id, one.protocol());
      String port = ":" + id.port();
      String name = id.service() + "." + id.namespace();
      next.put(name + port, target);
      next.put(name + ".svc" + port, target);
      next.put(name + ".svc." + clusterDomain + port, target);
      next.put(one.listen().toString(), target);
      if (id.namespace().equals(ownNamespace)) {
        next.put(id.service() + port, target);
      }
    }
    names = next;
  }

  void accepted(Accepted connection) {
    Caller application = new Caller(connection.peer(), Optional.empty(), false);
    Http1Server.install(
        connection.channel().pipeline(),
        new Named(connection),
        application,
        http,
        connect -> {
          Target.Outbound target = target(connect);
          return target == null ? null : () -> onward(connection, target);
        });
  }

  /** As if the program had connected to the service's own listener. */
  private void onward(Accepted connection, Target.Outbound target) {
    connection.meter().serves(target.service().namespace(), target.service().service());
    connections.accepted(connection, target);
  }

  private Target.@Nullable Outbound target(RequestHead request) {
    return names.get(withPort(request.authority().toLowerCase(Locale.ROOT)));
  }

  private static String withPort(String authority) {
    boolean port = authority.lastIndexOf(':') > authority.lastIndexOf(']');
    return port ? authority : authority + ":" + DEFAULT_PORT;
  }

  /** What the policy says of a place that is none of the mesh's; empty when it has no objection. */
  private Optional<Decision.Denied> denied(String authority) {
    Optional<EgressRules> rules = egress.get();
    if (rules.isEmpty()) {
      return Optional.empty();
    }
    String place = withPort(authority);
    HostPort address;
    try {
      address = HostPort.parse(place);
    } catch (IllegalArgumentException e) {
      // No place at all: refused by the name that it has not.
      return Optional.empty();
    }
    return rules.get().decide(place, address) instanceof Decision.Denied denied
        ? Optional.of(denied)
        : Optional.empty();
  }

  /** The requests of one connection. */
  private final class Named implements HttpService {

    private final Accepted connection;

    Named(Accepted connection) {
      this.connection = connection;
    }

    @Override
    public void handle(Exchange exchange, Reply reply) {
      connection.meter().name();
      RequestHead request = exchange.request();
      boolean connect = request.method().equals("CONNECT");
      if (!connect && (request.absoluteHost() == null || !request.scheme().equals("http"))) {
        refuse(reply, MeshError.BAD_REQUEST, FORM);
        return;
      }
      Target.Outbound target = target(request);
      if (connect || target == null) {
        Optional<Decision.Denied> denied = denied(request.authority());
        if (denied.isPresent()) {
          decisions.count(denied.get());
          refuse(
              reply,
              MeshError.DENIED,
              "policy " + denied.get().policy() + ": " + denied.get().reason());
        } else {
          refuse(reply, MeshError.NOT_IN_MESH, request.authority());
        }
        return;
      }
      if (target.protocol() == AppProtocol.OPAQUE) {
        refuse(
            reply,
            MeshError.BAD_REQUEST,
            target.service() + " is declared opaque (expected: CONNECT)");
        return;
      }
      exchange.request(request.inOriginForm());
      OutboundServices.Service service = services.lease(target.service());
      service.http().handle(exchange, new Released(service, reply));
    }

    @Override
    public void refused(Exchange exchange, Reply reply, Outcome.Failed why) {
      refuse(reply, why.error(), why.detail());
    }

    private void refuse(Reply reply, MeshError error, String detail) {
      metrics.counter(ProxyMetric.REFUSED_TOTAL, "outbound", error.code()).increment();
      reply.done(Outcome.Failed.before(error, detail));
    }
  }

  /** Gives the service back when the exchange is over. */
  private record Released(OutboundServices.Service service, Reply reply) implements Reply {

    @Override
    public void head(ResponseHead head) {
      reply.head(head);
    }

    @Override
    public void done(Outcome outcome) {
      service.release();
      reply.done(outcome);
    }
  }
}
