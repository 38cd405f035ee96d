package io.refmesh.proxy.capture;

import java.util.ArrayList;
import java.util.List;

/**
 * What is to be captured, whichever tool writes it. Inbound TCP goes to the sidecar's inbound port,
 * outbound TCP to its outbound port; UDP, loopback and the sidecar's own connections are left
 * alone.
 *
 * @param proxyUid the sidecar's user: what it sends goes out as it is
 * @param skipInbound ports on which callers reach the application past the sidecar
 * @param skipOutbound ports that the application calls past the sidecar
 */
public record CaptureRules(
    int proxyUid,
    int inboundPort,
    int outboundPort,
    List<PortRange> skipInbound,
    List<PortRange> skipOutbound,
    boolean ipv6) {

  /** More in one rule are refused by the kernel's multiport match; a range counts twice. */
  static final int PORTS_PER_RULE = 15;

  private static final PortRange TAP = PortRange.of(4190);
  private static final PortRange ADMIN = PortRange.of(4191);

  public CaptureRules {
    skipInbound = List.copyOf(skipInbound);
    skipOutbound = List.copyOf(skipOutbound);
  }

  /** Every port that is skipped inbound: the sidecar's own admin and tap ports always are. */
  List<PortRange> allSkippedInbound() {
    List<PortRange> all = new ArrayList<>(skipInbound);
    all.add(TAP);
    all.add(ADMIN);
    return PortRange.merged(all, 0);
  }
}
