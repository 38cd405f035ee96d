package io.refmesh.local.conformance;

import java.io.IOException;
import java.util.Map;

/**
 * A mesh with the workloads of the tests in it: {@code echo-v1} and {@code echo-v2}, each with a
 * Service, and {@code echo}, the Service of both; in a second namespace {@code echo-v1}, which has
 * no Service.
 */
interface MeshUnderTest extends AutoCloseable {

  String NAMESPACE = "mesh";
  String CONSUMERS = "mesh-consumers";

  /** Whom tests call from, unless they say otherwise. */
  String CALLER = NAMESPACE + "/echo-v1";

  /** The first port of HTTP; {@link #ALT} leads to the same port of the workloads. */
  int HTTP = 8000;

  int ALT = 8080;
  int GRPC = 7070;

  /** Puts these routes in the place of all that there were. */
  void apply(String yaml) throws IOException;

  /** One request, on a connection of its own. */
  Answer call(Call call) throws IOException;

  /**
   * {@code Accepted=True Accepted, ResolvedRefs=False BackendNotFound} for each parent of a route,
   * by {@code namespace/name} of the parent, with {@code :port} where the route names one; empty
   * while the route is not known.
   */
  Map<String, String> conditions(String kind, String route) throws IOException;

  @Override
  void close() throws IOException;
}
