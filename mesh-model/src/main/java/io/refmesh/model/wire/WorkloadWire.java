package io.refmesh.model.wire;

import io.refmesh.model.discovery.OutboundListener;
import io.refmesh.model.discovery.WorkloadConfig;
import io.refmesh.model.policy.Authorization;
import io.refmesh.model.policy.Authorization.Action;
import io.refmesh.model.policy.Authorization.Rule;
import io.refmesh.model.policy.Authorization.Source;
import io.refmesh.model.policy.Authorization.Target;
import io.refmesh.model.policy.InboundPolicy;
import io.refmesh.model.wire.v1.InboundPort;
import io.refmesh.model.wire.v1.Probe;
import io.refmesh.model.wire.v1.ValueMatch;
import java.util.Optional;

/**
 * {@link WorkloadConfig} to and from its message. What cannot be read refuses: an unknown action is
 * DENY.
 */
public final class WorkloadWire {

  private WorkloadWire() {}

  public static io.refmesh.model.wire.v1.WorkloadConfig encode(WorkloadConfig config) {
    var message =
        io.refmesh.model.wire.v1.WorkloadConfig.newBuilder()
            .setDefaultPolicy(config.inbound().defaultPolicy().text())
            .setTrustDomain(config.inbound().trustDomain());
    for (InboundPolicy.Port port : config.inbound().ports()) {
      var encoded =
          InboundPort.newBuilder()
              .setPort(port.port())
              .setProtocol(DestinationWire.encode(port.protocol()))
              .setService(port.service());
      port.authorizations()
          .forEach(authorization -> encoded.addAuthorizations(encode(authorization)));
      port.rateLimit().ifPresent(limit -> encoded.setRateLimit(RateLimitWire.encode(limit)));
      port.faults().ifPresent(faults -> encoded.setFaults(FaultsWire.encode(faults)));
      message.addPorts(encoded);
    }
    for (InboundPolicy.Probe probe : config.inbound().probes()) {
      message.addProbes(Probe.newBuilder().setPort(probe.port()).setPath(probe.path()));
    }
    for (OutboundListener listener : config.outbound()) {
      message.addOutbound(
          io.refmesh.model.wire.v1.OutboundListener.newBuilder()
              .setListen(DestinationWire.encode(listener.listen()))
              .setService(DestinationWire.encode(listener.service()))
              .setProtocol(DestinationWire.encode(listener.protocol())));
    }
    config.egress().ifPresent(egress -> message.setEgress(EgressWire.encode(egress)));
    return message.build();
  }

  public static WorkloadConfig decode(io.refmesh.model.wire.v1.WorkloadConfig message) {
    return new WorkloadConfig(
        new InboundPolicy(
            InboundPolicy.Default.parse(message.getDefaultPolicy()),
            message.getTrustDomain(),
            message.getPortsList().stream().map(WorkloadWire::decode).toList(),
            message.getProbesList().stream()
                .map(probe -> new InboundPolicy.Probe(probe.getPort(), probe.getPath()))
                .toList()),
        message.getOutboundList().stream()
            .map(listener ->
                new OutboundListener(
                    DestinationWire.decode(listener.getListen()),
                    DestinationWire.decode(listener.getService()),
                    DestinationWire.decode(listener.getProtocol())))
            .toList(),
        message.hasEgress()
            ? Optional.of(EgressWire.decode(message.getEgress()))
            : Optional.empty());
  }

  private static InboundPolicy.Port decode(InboundPort message) {
    return new InboundPolicy.Port(
        message.getPort(),
        DestinationWire.decode(message.getProtocol()),
        message.getService(),
        message.getAuthorizationsList().stream().map(WorkloadWire::decode).toList(),
        message.hasRateLimit()
            ? Optional.of(RateLimitWire.decode(message.getRateLimit()))
            : Optional.empty(),
        message.hasFaults()
            ? Optional.of(FaultsWire.decode(message.getFaults()))
            : Optional.empty());
  }

  private static io.refmesh.model.wire.v1.Authorization encode(Authorization authorization) {
    var message =
        io.refmesh.model.wire.v1.Authorization.newBuilder()
            .setName(authorization.name())
            .setAction(
                io.refmesh.model.wire.v1.Authorization.Action.valueOf(
                    authorization.action().name()));
    for (Rule rule : authorization.rules()) {
      var encoded = io.refmesh.model.wire.v1.Authorization.Rule.newBuilder();
      for (Source source : rule.from()) {
        var from =
            io.refmesh.model.wire.v1.Authorization.Source.newBuilder()
                .addAllIdentities(source.identities());
        source
            .networks()
            .forEach(network ->
                from.addNetworks(
                    io.refmesh.model.wire.v1.Authorization.Network.newBuilder()
                        .setCidr(network.cidr())
                        .addAllExcept(network.except())));
        encoded.addFrom(from);
      }
      for (Target target : rule.to()) {
        var to =
            io.refmesh.model.wire.v1.Authorization.Target.newBuilder()
                .addAllPorts(target.ports())
                .addAllMethods(target.methods())
                .addAllPaths(target.paths());
        target
            .headers()
            .forEach(header ->
                to.addHeaders(
                    ValueMatch.newBuilder().setName(header.name()).setValue(header.value())));
        encoded.addTo(to);
      }
      message.addRules(encoded);
    }
    return message.build();
  }

  private static Authorization decode(io.refmesh.model.wire.v1.Authorization message) {
    Action action =
        switch (message.getAction()) {
          case ALLOW -> Action.ALLOW;
          case AUDIT -> Action.AUDIT;
          case DENY, ACTION_UNKNOWN, UNRECOGNIZED -> Action.DENY;
        };
    return new Authorization(
        message.getName(),
        action,
        message.getRulesList().stream().map(WorkloadWire::decode).toList());
  }

  private static Rule decode(io.refmesh.model.wire.v1.Authorization.Rule message) {
    return new Rule(
        message.getFromList().stream()
            .map(source ->
                new Source(
                    source.getIdentitiesList(),
                    source.getNetworksList().stream()
                        .map(n -> new Authorization.Network(n.getCidr(), n.getExceptList()))
                        .toList()))
            .toList(),
        message.getToList().stream()
            .map(target ->
                new Target(
                    target.getPortsList(),
                    target.getMethodsList(),
                    target.getPathsList(),
                    target.getHeadersList().stream()
                        .map(
                            header -> new Authorization.Header(header.getName(), header.getValue()))
                        .toList()))
            .toList());
  }
}
