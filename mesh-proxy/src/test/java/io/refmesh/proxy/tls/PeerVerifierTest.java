package io.refmesh.proxy.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refmesh.model.identity.SpiffeId;
import io.refmesh.testkit.TestCa;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class PeerVerifierTest {

  private static final String CART = "spiffe://cluster.local/ns/shop/sa/cart";

  private final TestCa ca = new TestCa("root");
  private final AtomicReference<Instant> now = new AtomicReference<>(Instant.now());
  private final PeerVerifier verifier =
      new PeerVerifier(List.of(ca.root()), Duration.ofSeconds(20), now::get, TlsPeers.SIDECARS);

  private static X509Certificate[] chain(TestCa.Leaf leaf) {
    return leaf.chain().toArray(X509Certificate[]::new);
  }

  @Test
  void believesTheSameChainAgain() throws Exception {
    TestCa.Leaf leaf = ca.leaf(CART);
    for (int i = 0; i < 3; i++) {
      assertThat(verifier.verify(chain(leaf), PeerVerifier.Role.SERVER))
          .isEqualTo(SpiffeId.parse(CART));
    }
  }

  @Test
  void judgesTheTimesOfAKnownChainEachTime() throws Exception {
    Instant begin = now.get();
    TestCa.Leaf leaf = ca.leaf(CART, begin.minusSeconds(60), begin.plusSeconds(60));
    verifier.verify(chain(leaf), PeerVerifier.Role.CLIENT);
    now.set(begin.plusSeconds(90));
    assertThatThrownBy(() -> verifier.verify(chain(leaf), PeerVerifier.Role.CLIENT))
        .isInstanceOf(PeerRefused.class)
        .hasMessageContaining("ended at");
  }

  @Test
  void doesNotTakeAStrangersLeafForOneThatItKnows() throws Exception {
    verifier.verify(chain(ca.leaf(CART)), PeerVerifier.Role.CLIENT);
    TestCa.Leaf forged = new TestCa("root").leaf(CART);
    assertThatThrownBy(() -> verifier.verify(chain(forged), PeerVerifier.Role.CLIENT))
        .isInstanceOf(PeerRefused.class)
        .hasMessageContaining("does not chain");
  }

  @Test
  void keepsNoRefusal() {
    TestCa.Leaf foreign = ca.leaf("spiffe://cluster.local/cart");
    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> verifier.verify(chain(foreign), PeerVerifier.Role.CLIENT))
          .isInstanceOf(PeerRefused.class)
          .hasMessageContaining("expected: spiffe://<trust-domain>/ns/");
    }
  }
}
