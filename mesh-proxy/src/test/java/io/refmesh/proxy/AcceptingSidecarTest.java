package io.refmesh.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.OutboundListener;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.discovery.WorkloadConfig;
import io.refmesh.model.policy.InboundPolicy;
import io.refmesh.model.policy.Timeouts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a sidecar listens on, and when. */
class AcceptingSidecarTest {

  private final TestMesh mesh = new TestMesh();

  @AfterEach
  void close() {
    mesh.close();
  }

  @Test
  void listensForServicesAsLongAsTheControlPlaneNamesThem() throws Exception {
    TestMesh.Sidecar web = mesh.caller("web").start();
    HostPort listener =
        web.calls(
            TestMesh.destination(
                new ServicePort("shop", "cart", 8080),
                AppProtocol.HTTP,
                Timeouts.NONE,
                null,
                List.of()));
    assertThat(takes(listener)).isTrue();

    web.control()
        .workload(
            new WorkloadConfig(
                new InboundPolicy(
                    InboundPolicy.Default.ALL_UNAUTHENTICATED, "cluster.local", List.of()),
                List.of()));

    Eventually.holds(() -> !takes(listener));
  }

  @Test
  void isNotReadyWhileAnAddressIsTakenAndBindsItWhenItIsFree() throws Exception {
    TestMesh.Sidecar web = mesh.caller("web").start();
    HostPort address = new HostPort(TestMesh.address(), 8080);
    WorkloadConfig config =
        new WorkloadConfig(
            new InboundPolicy(
                InboundPolicy.Default.ALL_UNAUTHENTICATED, "cluster.local", List.of()),
            List.of(
                new OutboundListener(
                    address, new ServicePort("shop", "cart", 8080), AppProtocol.HTTP)));
    try (ServerSocket taken =
        new ServerSocket(address.port(), 1, InetAddress.getByName(address.host()))) {
      assertThat(taken.isBound()).isTrue();
      web.control().workload(config);
      Eventually.holds(() -> web.admin("/ready").contains(address.toString()));
      assertThat(web.admin("/ready")).startsWith("503");
    }
    Eventually.holds(() -> web.admin("/ready").startsWith("200"));
    assertThat(takes(address)).isTrue();
  }

  @Test
  void doesNotStartWhenAnInboundAddressIsTaken() throws Exception {
    TestMesh.Sidecar first =
        mesh.of("cart", new HostPort(TestMesh.address(), 8081), AppProtocol.HTTP);
    try (ServerSocket taken = new ServerSocket(8081, 1, InetAddress.getByName(first.inbound))) {
      assertThat(taken.isBound()).isTrue();
      assertThatThrownBy(first::startBare)
          .isInstanceOf(UncheckedIOException.class)
          .hasMessageContaining("inbound address " + first.inbound + ":8081 cannot be bound");
    }
  }

  private static boolean takes(HostPort address) {
    try (Socket socket = new Socket(address.host(), address.port())) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }
}
