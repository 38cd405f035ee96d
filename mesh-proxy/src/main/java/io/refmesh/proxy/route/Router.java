package io.refmesh.proxy.route;

import io.refmesh.model.error.MeshError;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Reply;
import java.util.List;

/** Hands each request to the service built for the rule that it falls under. */
public final class Router implements HttpService {

  private final RouteTable table;
  private final List<HttpService> services;
  private final List<String> names;
  private final String destination;

  /**
   * @param services one for each rule of the table, in its order
   * @param destination for the message when no rule applies
   */
  public Router(RouteTable table, List<HttpService> services, String destination) {
    if (table.rules().size() != services.size()) {
      throw new IllegalArgumentException(
          "services: "
              + services.size()
              + " (expected: one for each of "
              + table.rules().size()
              + " rules)");
    }
    this.table = table;
    this.services = List.copyOf(services);
    this.destination = destination;
    names = table.rules().stream().map(rule -> rule.name()).toList();
  }

  @Override
  public void handle(Exchange exchange, Reply reply) {
    int rule = table.match(exchange.request());
    if (rule < 0) {
      reply.done(
          Outcome.Failed.before(
              MeshError.NO_ROUTE,
              "none of the "
                  + names.size()
                  + " rules of "
                  + destination
                  + " matches "
                  + exchange.request().method()
                  + " "
                  + exchange.request().pathOnly()));
      return;
    }
    exchange.route(names.get(rule));
    services.get(rule).handle(exchange, reply);
  }
}
