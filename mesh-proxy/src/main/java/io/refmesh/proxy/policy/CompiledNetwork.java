package io.refmesh.proxy.policy;

import io.refmesh.model.policy.Authorization;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;

/** A network of a policy with its exceptions, read. Pure and immutable. */
record CompiledNetwork(Optional<Cidr> cidr, List<Optional<Cidr>> except) {

  static CompiledNetwork of(Authorization.Network network) {
    return new CompiledNetwork(
        Cidr.maybeParse(network.cidr()), network.except().stream().map(Cidr::maybeParse).toList());
  }

  /** A part that cannot be read makes it unsure. */
  Match contains(InetSocketAddress address) {
    Match within = contains(cidr, address);
    Match excepted = Match.NO;
    for (Optional<Cidr> exception : except) {
      excepted = excepted.or(contains(exception, address));
    }
    return switch (excepted) {
      case NO -> within;
      case UNSURE -> within.and(Match.UNSURE);
      case YES -> Match.NO;
    };
  }

  private static Match contains(Optional<Cidr> cidr, InetSocketAddress address) {
    return cidr.map(network -> network.contains(address)).orElse(Match.UNSURE);
  }
}
