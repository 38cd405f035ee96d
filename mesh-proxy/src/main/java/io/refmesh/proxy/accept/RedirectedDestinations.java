package io.refmesh.proxy.accept;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.unix.RawUnixChannelOption;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.HostPort;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Linux: rules of the kernel lead connections to two ports of the proxy, and the kernel is asked
 * where each was meant to go. One that was aimed at the proxy itself is nobody's: relaying it would
 * open a door past the policies of both sides.
 */
public final class RedirectedDestinations implements OriginalDestination {

  /** linux/netfilter_ipv4.h, linux/netfilter_ipv6/ip6_tables.h. */
  private static final int SO_ORIGINAL_DST = 80;

  private static final int SOL_IP = 0;
  private static final int SOL_IPV6 = 41;
  private static final int SOCKADDR_IN_BYTES = 16;
  private static final int SOCKADDR_IN6_BYTES = 28;

  private static final RawUnixChannelOption IPV4 =
      new RawUnixChannelOption("SO_ORIGINAL_DST", SOL_IP, SO_ORIGINAL_DST, SOCKADDR_IN_BYTES);
  private static final RawUnixChannelOption IPV6 =
      new RawUnixChannelOption(
          "IP6T_SO_ORIGINAL_DST", SOL_IPV6, SO_ORIGINAL_DST, SOCKADDR_IN6_BYTES);

  private final int outboundPort;
  private final Set<Integer> ownPorts;
  private final Map<Integer, AppProtocol> applicationPorts;

  /**
   * @param ownPorts of the proxy, on which the application is never called
   * @param applicationPorts what those ports speak that the application is known to have
   */
  public RedirectedDestinations(
      int outboundPort, Set<Integer> ownPorts, Map<Integer, AppProtocol> applicationPorts) {
    this.outboundPort = outboundPort;
    this.ownPorts = Set.copyOf(ownPorts);
    this.applicationPorts = Map.copyOf(applicationPorts);
  }

  @Override
  public Optional<Target> of(Channel accepted) {
    if (!(accepted.localAddress() instanceof InetSocketAddress local)) {
      return Optional.empty();
    }
    HostPort own = new HostPort(local.getAddress().getHostAddress(), local.getPort());
    return maybeOriginal(accepted, local.getAddress()).flatMap(original -> target(own, original));
  }

  /**
   * What a connection to {@code local}, one of the proxy's two ports, was meant for.
   *
   * @param original where it was aimed at before the rules
   */
  Optional<Target> target(HostPort local, HostPort original) {
    if (original.equals(local)) {
      return Optional.empty();
    }
    if (local.port() == outboundPort) {
      return Optional.of(new Target.Captured(original));
    }
    return ownPorts.contains(original.port())
        ? Optional.empty()
        : Optional.of(
            new Target.Inbound(
                original.port(),
                applicationPorts.getOrDefault(original.port(), AppProtocol.DETECT)));
  }

  /** Empty when the kernel has no record of the connection: no rule led it here. */
  private static Optional<HostPort> maybeOriginal(Channel accepted, InetAddress local) {
    try {
      ByteBuffer address = accepted.config().getOption(local instanceof Inet4Address ? IPV4 : IPV6);
      return address == null ? Optional.empty() : Optional.of(decode(address));
    } catch (ChannelException e) {
      return Optional.empty();
    }
  }

  /**
   * Reads what the kernel wrote; port and address in network order.
   *
   * <pre>
   * sockaddr_in    family 2 | port 2 | address 4 | zero 8
   * sockaddr_in6   family 2 | port 2 | flow 4    | address 16 | scope 4
   * </pre>
   */
  static HostPort decode(ByteBuffer address) {
    int start = address.position();
    int port = Short.toUnsignedInt(address.getShort(start + 2));
    boolean ipv6 = address.remaining() >= SOCKADDR_IN6_BYTES;
    byte[] host = new byte[ipv6 ? 16 : 4];
    address.get(start + (ipv6 ? 8 : 4), host);
    try {
      // Without the name of an interface, which an Inet6Address of a socket may carry.
      InetAddress read =
          ipv6 ? Inet6Address.getByAddress(null, host, -1) : InetAddress.getByAddress(host);
      return new HostPort(read.getHostAddress(), port);
    } catch (UnknownHostException e) {
      throw new IllegalStateException("an address of " + host.length + " bytes", e);
    }
  }
}
