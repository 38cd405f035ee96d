package io.refmesh.proxy.telemetry;

import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.identity.SpiffeId;
import org.jspecify.annotations.Nullable;

/**
 * Where the requests of one stack go, for labels. Outbound: a service, and for each request the
 * endpoint it was sent to. Inbound: the own workload, always.
 */
public sealed interface RequestTarget {

  /** {@code inbound} or {@code outbound}. */
  String direction();

  /** {@code namespace/name} and port of the service called; parts may be empty. */
  String namespace();

  String service();

  String port();

  /** Requests of the own application to a service. */
  record Outbound(ServicePort id) implements RequestTarget {

    @Override
    public String direction() {
      return "outbound";
    }

    @Override
    public String namespace() {
      return id.namespace();
    }

    @Override
    public String service() {
      return id.service();
    }

    @Override
    public String port() {
      return Integer.toString(id.port());
    }
  }

  /** Requests of the own application to places outside the mesh. */
  record Outside(int number) implements RequestTarget {

    @Override
    public String direction() {
      return "outbound";
    }

    @Override
    public String namespace() {
      return "";
    }

    @Override
    public String service() {
      return "";
    }

    @Override
    public String port() {
      return Integer.toString(number);
    }
  }

  /**
   * Requests to the own application.
   *
   * @param service first service that leads here; may be empty
   * @param workload without its namespace
   * @param application where the application listens
   */
  record Inbound(
      String namespace,
      String service,
      String port,
      String workload,
      int replica,
      SpiffeId identity,
      HostPort application)
      implements RequestTarget {

    @Override
    public String direction() {
      return "inbound";
    }
  }

  /** The instance that answered: part of the labels. */
  record Instance(String workload, String pod, String serverId, String address) {

    static final Instance UNKNOWN = new Instance("", "", "", "");

    public static Instance of(EndpointSpec endpoint) {
      // The namespace of a workload is its service's; the label is the name alone, as Linkerd's
      // dst_deployment.
      String workload = endpoint.workload().substring(endpoint.workload().indexOf('/') + 1);
      return new Instance(
          workload,
          workload + "-" + endpoint.replica(),
          endpoint.identity().map(SpiffeId::uri).orElse(""),
          endpoint.address().toString());
    }
  }

  /**
   * @param endpoint of the last try; null if none was chosen
   */
  default Instance instance(@Nullable EndpointSpec endpoint) {
    return switch (this) {
      case Inbound own ->
          new Instance(
              own.workload(),
              own.workload() + "-" + own.replica(),
              own.identity().uri(),
              own.application().toString());
      case Outside outside ->
          endpoint == null
              ? Instance.UNKNOWN
              : new Instance("", "", "", endpoint.address().toString());
      case Outbound out -> endpoint == null ? Instance.UNKNOWN : Instance.of(endpoint);
    };
  }
}
