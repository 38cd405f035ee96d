package io.refmesh.proxy.policy;

import io.refmesh.model.error.MeshError;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Layer;
import io.refmesh.proxy.http.Outcome;
import java.util.function.Supplier;

/** Refuses requests that the policy in force does not allow. */
public final class AuthorizationLayer implements Layer {

  private final Supplier<Authorizer> current;
  private final int port;
  private final AuthorizationMeters meters;

  /**
   * @param current the policy in force, asked for each request
   * @param port the application's
   */
  public AuthorizationLayer(Supplier<Authorizer> current, int port, AuthorizationMeters meters) {
    this.current = current;
    this.port = port;
    this.meters = meters;
  }

  @Override
  public HttpService wrap(HttpService next) {
    return (exchange, reply) -> {
      Decision decision = current.get().request(port, exchange.caller(), exchange.request());
      meters.count(decision);
      exchange.decisions().authorized(decision.text(), decision.policy());
      if (decision instanceof Decision.Denied denied) {
        reply.done(
            Outcome.Failed.before(
                MeshError.DENIED, "policy " + denied.policy() + ": " + denied.reason()));
      } else {
        next.handle(exchange, reply);
      }
    };
  }
}
