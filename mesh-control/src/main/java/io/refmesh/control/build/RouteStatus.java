package io.refmesh.control.build;

import java.util.List;

/**
 * What became of one route: for each parent the conditions of Gateway API.
 *
 * @param kind HTTPRoute, GRPCRoute, TCPRoute or TLSRoute
 */
public record RouteStatus(String kind, String namespace, String name, List<Parent> parents) {

  public RouteStatus {
    parents = List.copyOf(parents);
  }

  /**
   * @param service {@code namespace/name}
   * @param port 0 for every port of the service
   */
  public record Parent(String service, int port, List<Condition> conditions) {
    public Parent {
      conditions = List.copyOf(conditions);
    }
  }

  /**
   * @param type Accepted or ResolvedRefs
   * @param status True or False
   * @param reason one word, Gateway API's where it has one
   * @param observedGeneration {@code metadata.generation} of the route that was judged; 0 when it
   *     has none, as in a folder
   */
  public record Condition(
      String type, String status, String reason, String message, int observedGeneration) {}
}
