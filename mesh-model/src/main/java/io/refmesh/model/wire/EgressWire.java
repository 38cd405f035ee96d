package io.refmesh.model.wire;

import io.refmesh.model.policy.Authorization.Network;
import io.refmesh.model.policy.Egress;

/** {@link Egress} to and from its message. */
final class EgressWire {

  private EgressWire() {}

  static io.refmesh.model.wire.v1.Egress encode(Egress egress) {
    var message =
        io.refmesh.model.wire.v1.Egress.newBuilder()
            .setPolicy(egress.policy())
            .setAllowed(egress.allowed());
    for (Egress.Entry entry : egress.entries()) {
      var encoded =
          io.refmesh.model.wire.v1.Egress.Entry.newBuilder()
              .setName(entry.name())
              .addAllHosts(entry.hosts())
              .addAllPorts(entry.ports());
      entry
          .networks()
          .forEach(network ->
              encoded.addNetworks(
                  io.refmesh.model.wire.v1.Authorization.Network.newBuilder()
                      .setCidr(network.cidr())
                      .addAllExcept(network.except())));
      message.addEntries(encoded);
    }
    return message.build();
  }

  static Egress decode(io.refmesh.model.wire.v1.Egress message) {
    return new Egress(
        message.getPolicy(),
        message.getAllowed(),
        message.getEntriesList().stream()
            .map(entry ->
                new Egress.Entry(
                    entry.getName(),
                    entry.getHostsList(),
                    entry.getPortsList(),
                    entry.getNetworksList().stream()
                        .map(n -> new Network(n.getCidr(), n.getExceptList()))
                        .toList()))
            .toList());
  }
}
