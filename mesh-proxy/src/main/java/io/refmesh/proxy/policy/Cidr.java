package io.refmesh.proxy.policy;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A network such as {@code 10.0.0.0/8} or {@code fd00::/8}; a single address is a network too. */
final class Cidr {

  private static final int BITS_PER_BYTE = 8;

  private final byte[] address;
  private final int bits;

  private Cidr(byte[] address, int bits) {
    this.address = address;
    this.bits = bits;
  }

  /** Empty when {@code text} cannot be read. */
  static Optional<Cidr> maybeParse(String text) {
    int slash = text.indexOf('/');
    String host = slash < 0 ? text : text.substring(0, slash);
    byte @Nullable [] address = NetUtil.createByteArrayFromIpAddressString(host);
    if (address == null) {
      return Optional.empty();
    }
    int most = address.length * BITS_PER_BYTE;
    int bits = most;
    if (slash >= 0) {
      try {
        bits = Integer.parseInt(text.substring(slash + 1));
      } catch (NumberFormatException e) {
        return Optional.empty();
      }
    }
    return bits < 0 || bits > most ? Optional.empty() : Optional.of(new Cidr(address, bits));
  }

  /** An IPv4 address that comes mapped into IPv6 is the IPv4 address. */
  Match contains(InetSocketAddress peer) {
    InetAddress ip = peer.getAddress();
    if (ip == null) {
      return Match.UNSURE;
    }
    byte[] given = unmapped(ip.getAddress());
    return Match.of(given.length == address.length && samePrefix(given));
  }

  private boolean samePrefix(byte[] given) {
    int whole = bits / BITS_PER_BYTE;
    for (int i = 0; i < whole; i++) {
      if (given[i] != address[i]) {
        return false;
      }
    }
    int rest = bits % BITS_PER_BYTE;
    return rest == 0 || ((given[whole] ^ address[whole]) & 0xff) >>> (BITS_PER_BYTE - rest) == 0;
  }

  private static byte[] unmapped(byte[] ip) {
    if (ip.length != 16 || ip[10] != -1 || ip[11] != -1) {
      return ip;
    }
    for (int i = 0; i < 10; i++) {
      if (ip[i] != 0) {
        return ip;
      }
    }
    return java.util.Arrays.copyOfRange(ip, 12, 16);
  }
}
