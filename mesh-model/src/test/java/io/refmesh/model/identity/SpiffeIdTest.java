package io.refmesh.model.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SpiffeIdTest {

  @Test
  void readsWhatItWrites() {
    SpiffeId id = new SpiffeId("cluster.local", "shop", "cart");

    assertThat(id.uri()).isEqualTo("spiffe://cluster.local/ns/shop/sa/cart");
    assertThat(SpiffeId.parse(id.uri())).isEqualTo(id);
    assertThat(id).hasToString(id.uri());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "spiffe://cluster.local",
        "spiffe://cluster.local/ns/shop",
        "spiffe://cluster.local/ns/shop/sa/",
        "spiffe://cluster.local/ns/shop/sa/cart/",
        "spiffe://cluster.local/ns/shop/sa/cart/x",
        "spiffe://Cluster.local/ns/shop/sa/cart",
        "spiffe://cluster.local/ns/a/b/sa/cart",
        "https://cluster.local/ns/shop/sa/cart",
        "spiffe://cluster.local/ns/shop/sa/cart\n",
        "spiffe://cluster.local/ns/shop/sa/c%61rt"
      })
  void refusesEveryOtherForm(String uri) {
    assertThat(SpiffeId.maybeParse(uri)).isEmpty();
    assertThatThrownBy(() -> SpiffeId.parse(uri))
        .hasMessageContaining("expected: spiffe://<trust-domain>/ns/");
  }

  @ParameterizedTest
  @ValueSource(strings = {"spiffe://bench.local/b", "spiffe://cluster.local/ns/shop/sa/cart/x"})
  void readsWhatOtherAuthoritiesNameOnlyWhenAskedTo(String uri) {
    assertThat(SpiffeId.maybeParse(uri)).isEmpty();

    SpiffeId id = SpiffeId.maybeParseForeign(uri).orElseThrow();
    assertThat(id.uri()).isEqualTo(uri);
    assertThat(id.foreign()).isTrue();
  }

  @Test
  void isTheSameIdentityHoweverItIsRead() {
    String uri = "spiffe://cluster.local/ns/shop/sa/cart";
    assertThat(SpiffeId.maybeParseForeign(uri)).contains(SpiffeId.parse(uri));
    assertThat(SpiffeId.parse(uri).foreign()).isFalse();
    assertThatThrownBy(() -> new SpiffeId("cluster.local", "", "ns/shop/sa/cart"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "spiffe://bench.local/",
        "spiffe://bench.local/b/",
        "spiffe://bench.local//b",
        "spiffe://bench.local/a/../b",
        "spiffe://bench.local/.",
        "spiffe://Bench.local/b",
        "spiffe://bench.local/b?x",
        "https://bench.local/b"
      })
  void refusesWhatNoAuthorityMayName(String uri) {
    assertThat(SpiffeId.maybeParseForeign(uri)).isEmpty();
  }

  @Test
  void refusesPartsThatWouldMakeAnotherIdentity() {
    assertThatThrownBy(() -> new SpiffeId("cluster.local", "shop/sa/admin", "x"))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
