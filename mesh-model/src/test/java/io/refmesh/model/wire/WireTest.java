package io.refmesh.model.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.WorkloadConfig;
import io.refmesh.model.policy.Authorization;
import io.refmesh.model.policy.InboundPolicy;
import io.refmesh.model.wire.v1.Backend;
import io.refmesh.model.wire.v1.BackendSettings;
import io.refmesh.model.wire.v1.Endpoint;
import io.refmesh.model.wire.v1.HostPort;
import io.refmesh.model.wire.v1.InboundPort;
import io.refmesh.model.wire.v1.RouteRule;
import io.refmesh.model.wire.v1.ServicePort;
import io.refmesh.testkit.Seed;
import io.refmesh.testkit.Seeds;
import org.junit.jupiter.api.Test;

class WireTest {

  private static final ServicePort CART =
      ServicePort.newBuilder().setNamespace("shop").setService("cart").setPort(8080).build();

  @Seeds(60)
  void bringsADestinationOverTheWireUnchanged(Seed seed) throws Exception {
    Destination destination = new Records(seed.random()).destination();

    byte[] bytes = DestinationWire.encode(destination).toByteArray();

    assertThat(DestinationWire.decode(io.refmesh.model.wire.v1.Destination.parseFrom(bytes)))
        .isEqualTo(destination);
  }

  @Seeds(60)
  void bringsAWorkloadConfigOverTheWireUnchanged(Seed seed) throws Exception {
    WorkloadConfig config = new Records(seed.random()).workload();

    byte[] bytes = WorkloadWire.encode(config).toByteArray();

    assertThat(WorkloadWire.decode(io.refmesh.model.wire.v1.WorkloadConfig.parseFrom(bytes)))
        .isEqualTo(config);
  }

  @Test
  void refusesAnIdentityThatCannotBeReadInsteadOfCallingInPlaintext() {
    var message =
        io.refmesh.model.wire.v1.Destination.newBuilder()
            .setId(CART)
            .addBackends(
                Backend.newBuilder()
                    .setId(CART)
                    .setSettings(BackendSettings.newBuilder().setAlgorithm("peak-ewma"))
                    .addEndpoints(
                        Endpoint.newBuilder()
                            .setAddress(HostPort.newBuilder().setHost("127.1.0.1").setPort(1))
                            .setDial(HostPort.newBuilder().setHost("127.1.0.1").setPort(1))
                            .setIdentity("cart")))
            .build();

    assertThatThrownBy(() -> DestinationWire.decode(message))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("identity: cart (expected: spiffe://");
  }

  @Test
  void refusesAMatchOfAKindItDoesNotKnow() {
    var message =
        io.refmesh.model.wire.v1.Destination.newBuilder()
            .setId(CART)
            .addRules(RouteRule.newBuilder().setName("r"))
            .build();

    assertThatThrownBy(() -> DestinationWire.decode(message))
        .hasMessageContaining("route match without a path");
  }

  @Test
  void readsAnActionItDoesNotKnowAsDeny() {
    var message =
        io.refmesh.model.wire.v1.WorkloadConfig.newBuilder()
            .setDefaultPolicy("deny")
            .addPorts(
                InboundPort.newBuilder()
                    .setPort(80)
                    .addAuthorizations(
                        io.refmesh.model.wire.v1.Authorization.newBuilder()
                            .setName("new")
                            .setActionValue(99)))
            .build();

    InboundPolicy policy = WorkloadWire.decode(message).inbound();

    assertThat(policy.ports().getFirst().authorizations().getFirst().action())
        .isEqualTo(Authorization.Action.DENY);
  }

  @Test
  void readsAProtocolItDoesNotKnowAsOneToDetect() {
    var message =
        io.refmesh.model.wire.v1.Destination.newBuilder().setId(CART).setProtocolValue(77).build();

    assertThat(DestinationWire.decode(message).protocol())
        .isEqualTo(io.refmesh.model.discovery.AppProtocol.DETECT);
  }
}
