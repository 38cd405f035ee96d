package io.refmesh.proxy.balance;

import io.refmesh.proxy.endpoint.Attempt;

/** What choosing an endpoint came to. */
public sealed interface Selection {

  /** The try has begun; whoever holds it owes its end. */
  record Chosen(Attempt attempt) implements Selection {}

  /** Discovery knows no endpoint. */
  record NoEndpoints() implements Selection {}

  /** Discovery knows endpoints, and none is ready. */
  record NoneReady() implements Selection {}

  /** All that are ready are ejected, and no probe is due. */
  record AllEjected(int endpoints) implements Selection {}
}
