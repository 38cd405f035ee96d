package io.refmesh.shop.admin;

import io.refmesh.shop.admin.Order.Reply;
import java.util.Map;
import java.util.Optional;

/** An admin request that is refused. */
final class RefusedOrder extends Exception {
  private static final long serialVersionUID = 1;

  private final int status;
  private final String reason;
  private final String allow;

  private RefusedOrder(int status, String reason, String allow) {
    super(reason);
    this.status = status;
    this.reason = reason;
    this.allow = allow;
  }

  static RefusedOrder bad(String reason) {
    return new RefusedOrder(400, reason, "");
  }

  static RefusedOrder unknown(String path, String known) {
    return new RefusedOrder(404, "no such page: " + path + " (expected one of: " + known + ")", "");
  }

  static RefusedOrder method(String method, String allow) {
    return new RefusedOrder(405, "method: " + method + " (expected: " + allow + ")", allow);
  }

  Reply reply() {
    return new Reply(
        status, Map.of("error", reason), allow.isEmpty() ? Optional.empty() : Optional.of(allow));
  }
}
