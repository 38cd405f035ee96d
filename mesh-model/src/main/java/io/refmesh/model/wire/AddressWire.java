package io.refmesh.model.wire;

import io.refmesh.model.discovery.AddressState;
import io.refmesh.model.discovery.HostPort;

/**
 * {@link AddressState} to and from its message. What cannot be read is refused: it may be an
 * address of the mesh.
 */
public final class AddressWire {

  private AddressWire() {}

  public static io.refmesh.model.wire.v1.AddressState encode(HostPort address, AddressState state) {
    var message =
        io.refmesh.model.wire.v1.AddressState.newBuilder()
            .setAddress(DestinationWire.encode(address));
    switch (state) {
      case AddressState.Found(var service, var protocol) ->
          message.setFound(
              io.refmesh.model.wire.v1.AddressState.Found.newBuilder()
                  .setService(DestinationWire.encode(service))
                  .setProtocol(DestinationWire.encode(protocol)));
      case AddressState.Refused(String reason) -> message.setRefused(reason);
      case AddressState.Outside outside -> message.setOutside(true);
    }
    return message.build();
  }

  public static AddressState decode(io.refmesh.model.wire.v1.AddressState message) {
    return switch (message.getStateCase()) {
      case FOUND ->
          new AddressState.Found(
              DestinationWire.decode(message.getFound().getService()),
              DestinationWire.decode(message.getFound().getProtocol()));
      case OUTSIDE -> new AddressState.Outside();
      case REFUSED -> new AddressState.Refused(message.getRefused());
      case STATE_NOT_SET ->
          new AddressState.Refused("the control plane answered in a way that is not understood");
    };
  }
}
