package io.refmesh.proxy.detect;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.model.discovery.AppProtocol;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PortHintTest {

  private static final Protocol TLS = new Protocol.Tls(Optional.empty(), List.of());

  @Test
  void aPortThatIsDeclaredHttpCarriesNothingElse() {
    assertThat(PortHint.served(AppProtocol.HTTP, Protocol.OPAQUE)).isEqualTo(Protocol.HTTP_1);
    assertThat(PortHint.served(AppProtocol.HTTP, TLS)).isEqualTo(Protocol.HTTP_1);
    assertThat(PortHint.served(AppProtocol.HTTP, Protocol.HTTP_2)).isEqualTo(Protocol.HTTP_2);
    assertThat(PortHint.served(AppProtocol.GRPC, Protocol.OPAQUE)).isEqualTo(Protocol.HTTP_2);
    assertThat(PortHint.served(AppProtocol.GRPC, Protocol.HTTP_1)).isEqualTo(Protocol.HTTP_2);
    assertThat(PortHint.served(AppProtocol.H2C, Protocol.HTTP_1)).isEqualTo(Protocol.HTTP_2);
  }

  @Test
  void aPortThatIsDeclaredOpaqueIsNotLookedInto() {
    assertThat(PortHint.served(AppProtocol.OPAQUE, Protocol.HTTP_1)).isEqualTo(Protocol.OPAQUE);
    assertThat(PortHint.opaque(AppProtocol.OPAQUE, 8080)).isTrue();
  }

  @Test
  void knownPortsAreOpaqueUnlessTheyAreDeclaredOtherwise() {
    assertThat(List.of(25, 587, 3306, 4444, 5432, 6379, 9300, 11211))
        .allMatch(port -> PortHint.opaque(AppProtocol.DETECT, port));
    assertThat(PortHint.opaque(AppProtocol.DETECT, 8080)).isFalse();
    assertThat(PortHint.opaque(AppProtocol.HTTP, 6379)).isFalse();
  }

  @Test
  void whatIsNotDeclaredIsDetected() {
    assertThat(PortHint.served(AppProtocol.DETECT, Protocol.OPAQUE)).isEqualTo(Protocol.OPAQUE);
    assertThat(PortHint.served(AppProtocol.DETECT, TLS)).isEqualTo(TLS);
  }
}
