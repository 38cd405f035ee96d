package io.refmesh.shop.admin;

/** What an admin request wants, checked; carried out on the application port's event loop. */
@FunctionalInterface
interface Order {
  Reply carryOut();

  /** A status and an immutable value to make JSON of. */
  record Reply(int status, Object body) {}
}
