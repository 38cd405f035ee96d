package io.refmesh.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SignatureException;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TestCaTest {

  private static final String WEB = "spiffe://cluster.local/ns/shop/sa/web";

  private final TestCa ca = new TestCa("root");

  @Test
  void issuesALeafForASpiffeIdWithTheGivenValidity() throws Exception {
    Instant from = Instant.parse("2030-01-01T00:00:00Z");
    TestCa.Leaf leaf = ca.leaf(WEB, from, from.plusSeconds(5));

    leaf.certificate().verify(ca.root().getPublicKey());
    assertThat(leaf.certificate().getSubjectAlternativeNames()).containsExactly(List.of(6, WEB));
    assertThat(leaf.certificate().getNotBefore().toInstant()).isEqualTo(from);
    assertThat(leaf.certificate().getNotAfter().toInstant()).isEqualTo(from.plusSeconds(5));
  }

  @Test
  void doesNotTrustTheLeavesOfAnotherCa() {
    TestCa foreign = new TestCa("root");

    assertThatThrownBy(() -> foreign.leaf(WEB).certificate().verify(ca.root().getPublicKey()))
        .isInstanceOf(SignatureException.class);
    assertThatCode(() -> ca.leaf(WEB).certificate().verify(ca.root().getPublicKey()))
        .doesNotThrowAnyException();
  }

  @Test
  void writesPem(@TempDir Path folder) throws Exception {
    ca.leaf(WEB).writeTo(folder);
    ca.writeRoot(folder.resolve("root.pem"));

    assertThat(Files.readString(folder.resolve("key.pem")))
        .startsWith("-----BEGIN PRIVATE KEY-----\n");
    assertThat(Files.readString(folder.resolve("chain.pem")))
        .endsWith("-----END CERTIFICATE-----\n");
    assertThat(Files.readString(folder.resolve("root.pem")))
        .isEqualTo(TestCa.pemOf(List.of(ca.root())));
  }
}
