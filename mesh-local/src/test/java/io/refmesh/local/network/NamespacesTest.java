package io.refmesh.local.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("netns")
class NamespacesTest {

  /** Beyond those that meshes of this machine claim. */
  private static final int OCTET = 200 + (int) (ProcessHandle.current().pid() % 50);

  private final LocalNetwork network = new LocalNetwork(OCTET, true);
  @TempDir Path state;

  @BeforeEach
  void requireRoot() {
    assumeTrue(
        ProcessHandle.current().info().user().orElse("").equals("root"),
        "needs root, to make network namespaces");
    assumeTrue(
        Files.isExecutable(Path.of("/usr/sbin/ip")) || Files.isExecutable(Path.of("/sbin/ip")),
        "needs `ip` (Debian package iproute2) on Linux");
  }

  @AfterEach
  void sweep() throws IOException {
    Namespaces.sweep(state);
  }

  @Test
  void whatASweepLeavesIsWhatWasThereBefore() throws Exception {
    List<String> before = made();
    Path hosts = Files.writeString(state.resolve("hosts"), "198.19.0.1 cart.shop\n");
    Namespaces namespaces = Namespaces.open(state, OCTET, network);
    NetworkNamespace cart = namespaces.create("shop/cart-0", 1, hosts);
    NetworkNamespace next = namespaces.create("shop/cart-0", 2, hosts);
    assertThat(made()).hasSize(before.size() + 7);
    assertThat(next.name()).as("two incarnations").isNotEqualTo(cart.name());

    // A mesh that crashed has nothing but its state folder.
    Namespaces.sweep(state);
    assertThat(made()).isEqualTo(before);
    Namespaces.sweep(state);
  }

  @Test
  void namespacesReachEachOtherAndTheControlPlaneByTheBridge() throws Exception {
    Path hosts = Files.writeString(state.resolve("hosts"), "");
    Namespaces namespaces = Namespaces.open(state, OCTET, network);
    NetworkNamespace cart = namespaces.create("shop/cart-0", 1, hosts);
    NetworkNamespace web = namespaces.create("shop/web-0", 2, hosts);
    try (ServerSocket inCart = cart.call(() -> listen(network.application(1)));
        ServerSocket outside = listen(network.controlPlane())) {
      assertThat(web.call(() -> reaches(network.application(1), inCart.getLocalPort()))).isTrue();
      assertThat(web.call(() -> reaches(network.controlPlane(), outside.getLocalPort()))).isTrue();
      assertThat(web.call(() -> reaches("127.0.0.1", inCart.getLocalPort()))).isFalse();
    }
  }

  private static ServerSocket listen(String address) throws IOException {
    ServerSocket server = new ServerSocket();
    server.bind(new InetSocketAddress(address, 0));
    return server;
  }

  private static boolean reaches(String address, int port) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(address, port), 5_000);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** Everything of this mesh on this machine. */
  private static List<String> made() throws IOException {
    String prefix = "refmesh" + OCTET;
    List<String> all = new ArrayList<>();
    for (String folder : List.of("/run/netns", "/etc/netns", "/sys/class/net")) {
      if (Files.isDirectory(Path.of(folder))) {
        try (var files = Files.list(Path.of(folder))) {
          files.map(Path::toString).filter(file -> file.contains(prefix)).forEach(all::add);
        }
      }
    }
    return all.stream().sorted().toList();
  }
}
