package io.refmesh.proxy.policy;

import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.model.policy.Authorization.Action;
import io.refmesh.model.policy.InboundPolicy;
import io.refmesh.proxy.http.Caller;
import io.refmesh.proxy.http.RequestHead;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Says who may call which port of a workload. Pure and immutable; one for each version of the
 * policy.
 *
 * <p>DENY wins over ALLOW. As soon as one ALLOW selects a port, what none of them allows is
 * refused; where none does, the default policy holds. What cannot be decided is refused: a rule
 * that may match denies, and does not allow.
 */
public final class Authorizer {

  /** What is denied because no ALLOW matches carries this in place of a policy's name. */
  public static final String NO_ALLOW = "no-allow-policy-matches";

  /**
   * What is denied because no policy knows the port, while others of the workload are protected.
   */
  public static final String UNDECLARED_PORT = "undeclared-port";

  /** What is let through because the kubelet asks for it carries this in place of a policy. */
  public static final String PROBE = "probe";

  /** How gRPC's health checks are called (grpc/health/v1/health.proto). */
  private static final String GRPC_CHECK = "/grpc.health.v1.Health/Check";

  private final InboundPolicy policy;
  private final Map<Integer, List<CompiledAuthorization>> byPort = new HashMap<>();

  public Authorizer(InboundPolicy policy) {
    this.policy = policy;
    for (InboundPolicy.Port port : policy.ports()) {
      byPort.put(
          port.port(),
          port.authorizations().stream()
              .map(a -> new CompiledAuthorization(a, port.port(), port.protocol()))
              .filter(CompiledAuthorization::selects)
              .toList());
    }
  }

  /** Of an opaque connection. HTTP is decided request by request with {@link #request}. */
  public Decision connection(int port, Caller caller) {
    return decide(port, caller, null);
  }

  public Decision request(int port, Caller caller, RequestHead request) {
    return caller.identity().isEmpty() && isProbe(port, request)
        ? new Decision.Allowed(PROBE)
        : decide(port, caller, request);
  }

  /** The path exactly as the kubelet sends it: nothing that could be read in another way. */
  private boolean isProbe(int port, RequestHead request) {
    for (InboundPolicy.Probe probe : policy.probes()) {
      if (probe.port() == port && probe.path().equals(request.path())) {
        return request.upgrade().isEmpty()
            && request.method().equals(probe.path().equals(GRPC_CHECK) ? "POST" : "GET");
      }
    }
    return false;
  }

  /** What the port speaks as far as the policy knows. */
  public AppProtocol protocol(int port) {
    return policy.ports().stream()
        .filter(p -> p.port() == port)
        .map(InboundPolicy.Port::protocol)
        .findFirst()
        .orElse(AppProtocol.DETECT);
  }

  private Decision decide(int port, Caller caller, @Nullable RequestHead request) {
    List<CompiledAuthorization> onPort = byPort.get(port);
    if (onPort == null) {
      if (byPort.values().stream()
          .flatMap(List::stream)
          .anyMatch(authorization -> authorization.action() != Action.AUDIT)) {
        return new Decision.Denied(
            UNDECLARED_PORT,
            "the workload declares no port " + port + ", and policies protect those it declares");
      }
      onPort = List.of();
    }
    String allowedBy = "";
    String auditedBy = "";
    boolean allowSelects = false;
    for (CompiledAuthorization authorization : onPort) {
      Match match = authorization.matches(caller, request);
      switch (authorization.action()) {
        case DENY -> {
          if (match != Match.NO) {
            return new Decision.Denied(
                authorization.name(),
                match == Match.YES
                    ? "policy " + authorization.name() + " denies it"
                    : "it cannot be told whether policy " + authorization.name() + " denies it");
          }
        }
        case ALLOW -> {
          allowSelects = true;
          if (match == Match.YES && allowedBy.isEmpty()) {
            allowedBy = authorization.name();
          }
        }
        case AUDIT -> {
          if (match != Match.NO && auditedBy.isEmpty()) {
            auditedBy = authorization.name();
          }
        }
      }
    }
    Decision decision =
        allowSelects ? byAllow(allowedBy, port, caller) : byDefault(policy.defaultPolicy(), caller);
    return decision instanceof Decision.Allowed && !auditedBy.isEmpty()
        ? new Decision.Audited(auditedBy)
        : decision;
  }

  private Decision byAllow(String allowedBy, int port, Caller caller) {
    if (!allowedBy.isEmpty()) {
      return new Decision.Allowed(allowedBy);
    }
    List<String> names =
        byPort.getOrDefault(port, List.of()).stream()
            .filter(a -> a.action() == Action.ALLOW)
            .map(CompiledAuthorization::name)
            .toList();
    return new Decision.Denied(
        NO_ALLOW,
        "none of the policies " + String.join(", ", names) + " allows it for " + name(caller));
  }

  private Decision byDefault(InboundPolicy.Default defaultPolicy, Caller caller) {
    String by = "default:" + defaultPolicy.text();
    boolean allowed =
        switch (defaultPolicy) {
          case ALL_UNAUTHENTICATED -> true;
          case ALL_AUTHENTICATED -> caller.identity().isPresent();
          case CLUSTER_AUTHENTICATED ->
              caller
                  .identity()
                  .map(SpiffeId::trustDomain)
                  .filter(policy.trustDomain()::equals)
                  .isPresent();
          case DENY -> false;
          case AUDIT -> true;
        };
    if (!allowed) {
      return new Decision.Denied(
          by,
          "the default policy is " + defaultPolicy.text() + " and the caller is " + name(caller));
    }
    return defaultPolicy == InboundPolicy.Default.AUDIT
        ? new Decision.Audited(by)
        : new Decision.Allowed(by);
  }

  private static String name(Caller caller) {
    return caller.identity().map(SpiffeId::uri).orElse("a caller without identity");
  }
}
