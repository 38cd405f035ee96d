package io.refmesh.chaos.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.chaos.mesh.MeshInstance;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class OrdinalsTest {

  private final Ordinals ordinals = new Ordinals();

  @Test
  void podsAreNumberedInTheOrderInWhichTheyWereMade() {
    assertThat(names(pod("b", "10:02"), pod("c", "10:01"), pod("a", "10:02")))
        .containsExactly("shop/cart-0 10.0.0.c", "shop/cart-1 10.0.0.a", "shop/cart-2 10.0.0.b");
  }

  @Test
  void aPodKeepsItsNumberWhenOthersGoAndANewcomerTakesTheLowestThatIsFree() {
    names(pod("a", "10:01"), pod("b", "10:02"), pod("c", "10:03"));
    assertThat(names(pod("b", "10:02"), pod("c", "10:03")))
        .containsExactly("shop/cart-1 10.0.0.b", "shop/cart-2 10.0.0.c");
    assertThat(names(pod("b", "10:02"), pod("c", "10:03"), pod("d", "10:04")))
        .containsExactly("shop/cart-0 10.0.0.d", "shop/cart-1 10.0.0.b", "shop/cart-2 10.0.0.c");
  }

  @Test
  void aNewcomerBesideAllOthersHasANumberOfItsOwn() {
    names(pod("a", "10:01"), pod("b", "10:02"));
    assertThat(names(pod("a", "10:01"), pod("b", "10:02"), pod("d", "10:00")))
        .containsExactly("shop/cart-0 10.0.0.a", "shop/cart-1 10.0.0.b", "shop/cart-2 10.0.0.d");
  }

  @Test
  void aPodThatLeavesIsNoInstanceAnyMore() {
    names(pod("a", "10:01"), pod("b", "10:02"));
    PodView leaving = view("a", "10:01", "10.0.0.a", true);
    assertThat(names(leaving, pod("b", "10:02"))).containsExactly("shop/cart-1 10.0.0.b");
  }

  @Test
  void aPodWithoutAddressIsNoInstanceYetButHasItsNumber() {
    PodView young = view("a", "10:01", "", false);
    assertThat(names(young, pod("b", "10:02"))).containsExactly("shop/cart-1 10.0.0.b");
    assertThat(names(pod("a", "10:01"), pod("b", "10:02")))
        .containsExactly("shop/cart-0 10.0.0.a", "shop/cart-1 10.0.0.b");
  }

  @Test
  void numbersBeginAtZeroAgainWhenNothingHappens() {
    names(pod("a", "10:01"), pod("b", "10:02"));
    ordinals.reset();
    assertThat(names(pod("b", "10:02"), pod("d", "10:03")))
        .containsExactly("shop/cart-0 10.0.0.b", "shop/cart-1 10.0.0.d");
  }

  @Test
  void portsOfAnInstanceAreThoseOfItsPod() {
    MeshInstance instance = Pods.instances(List.of(pod("a", "10:01")), new Ordinals()).getFirst();
    assertThat(instance.admin()).isEqualTo("http://10.0.0.a:4191");
    assertThat(instance.applicationAdmin()).isEqualTo("http://10.0.0.a:8090");
  }

  private List<String> names(PodView... pods) {
    return Pods.instances(List.of(pods), ordinals).stream()
        .map(instance -> instance.name() + " " + instance.address())
        .toList();
  }

  private static PodView pod(String name, String created) {
    return view(name, created, "10.0.0." + name, false);
  }

  private static PodView view(String name, String created, String address, boolean leaving) {
    return new PodView(
        "uid-" + name,
        name,
        "cart",
        "node",
        created,
        address,
        Optional.of("containerd://app-" + name),
        Optional.of("containerd://sidecar-" + name),
        Map.of(),
        true,
        leaving);
  }
}
