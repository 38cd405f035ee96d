package io.refmesh.proxy.accept;

import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.ServicePort;

/** What an accepted connection was meant for. */
public sealed interface Target {

  /** What the port is said to speak. */
  AppProtocol protocol();

  /** The application behind this proxy is called on one of its ports. */
  record Inbound(int port, AppProtocol protocol) implements Target {}

  /** The application calls a service. */
  record Outbound(ServicePort service, AppProtocol protocol) implements Target {}

  /** The application asks us, as its HTTP proxy, for whatever its requests name. */
  record Named() implements Target {

    @Override
    public AppProtocol protocol() {
      return AppProtocol.HTTP;
    }
  }

  /** The application calls an address; what is there, the control plane knows. */
  record Captured(HostPort address) implements Target {
    @Override
    public AppProtocol protocol() {
      return AppProtocol.DETECT;
    }
  }
}
