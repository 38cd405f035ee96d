package io.refmesh.shop.admin;

import java.util.Optional;

/** What an admin request wants, checked; carried out on the application port's event loop. */
@FunctionalInterface
interface Order {
  Reply carryOut();

  /**
   * A status, an immutable value to make JSON of, and the methods there are where the one asked for
   * is not.
   */
  record Reply(int status, Object body, Optional<String> allow) {
    static Reply of(int status, Object body) {
      return new Reply(status, body, Optional.empty());
    }
  }
}
