package io.refmesh.proxy.route;

import io.refmesh.model.error.MeshError;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Reply;

/** Answers for a backend that a rule names and that does not exist. */
public record MissingBackend(String detail) implements HttpService {

  @Override
  public void handle(Exchange exchange, Reply reply) {
    reply.done(Outcome.Failed.before(MeshError.INVALID_BACKEND, detail));
  }
}
