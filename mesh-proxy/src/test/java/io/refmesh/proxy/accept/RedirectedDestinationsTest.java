package io.refmesh.proxy.accept;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.HostPort;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RedirectedDestinationsTest {

  private static final HostPort OUTBOUND = new HostPort("127.0.0.1", 4140);
  private static final HostPort INBOUND = new HostPort("10.0.0.5", 4143);

  private final RedirectedDestinations destinations =
      new RedirectedDestinations(4140, Set.of(4140, 4143, 4191), Map.of(8080, AppProtocol.HTTP));

  @Test
  void whatTheApplicationCallsIsAnAddress() {
    HostPort called = new HostPort("10.0.0.9", 8080);
    assertThat(destinations.target(OUTBOUND, called)).contains(new Target.Captured(called));
  }

  @Test
  void whatCallsTheApplicationIsItsPort() {
    assertThat(destinations.target(INBOUND, new HostPort("10.0.0.5", 8080)))
        .contains(new Target.Inbound(8080, AppProtocol.HTTP));
    assertThat(destinations.target(INBOUND, new HostPort("10.0.0.5", 9999)))
        .contains(new Target.Inbound(9999, AppProtocol.DETECT));
  }

  @Test
  void whatWasAimedAtTheProxyItselfIsNobodys() {
    assertThat(destinations.target(OUTBOUND, OUTBOUND)).isEmpty();
    assertThat(destinations.target(INBOUND, INBOUND)).isEmpty();
    assertThat(destinations.target(INBOUND, new HostPort("10.0.0.5", 4140))).isEmpty();
    assertThat(destinations.target(INBOUND, new HostPort("10.0.0.5", 4191))).isEmpty();
  }

  @Test
  void readsWhatTheKernelWrites() {
    assertThat(decode("02001f90 0a000009 0000000000000000"))
        .isEqualTo(new HostPort("10.0.0.9", 8080));
    assertThat(decode("0a001f90 00000000 fd770000000000000000000000000002 00000000"))
        .isEqualTo(new HostPort("fd77:0:0:0:0:0:0:2", 8080));
    assertThat(decode("0200ffff 7f000001 0000000000000000"))
        .isEqualTo(new HostPort("127.0.0.1", 65_535));
  }

  private static HostPort decode(String hex) {
    return RedirectedDestinations.decode(
        ByteBuffer.wrap(HexFormat.of().parseHex(hex.replace(" ", ""))));
  }
}
