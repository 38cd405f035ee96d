package io.refmesh.control.identity;

import io.grpc.Status;
import io.refmesh.model.identity.SpiffeId;

/**
 * Why no certificate was issued: a reason of a fixed set, for audit and metrics, and a sentence for
 * people.
 */
final class Refusal extends Exception {

  private static final long serialVersionUID = 1;

  enum Reason {
    TOKEN_MISSING("token-missing", Status.Code.UNAUTHENTICATED),
    TOKEN_MALFORMED("token-malformed", Status.Code.UNAUTHENTICATED),
    TOKEN_SIGNATURE("token-signature", Status.Code.UNAUTHENTICATED),
    TOKEN_AUDIENCE("token-audience", Status.Code.UNAUTHENTICATED),
    TOKEN_EXPIRED("token-expired", Status.Code.UNAUTHENTICATED),
    TOKEN_NOT_YET_VALID("token-not-yet-valid", Status.Code.UNAUTHENTICATED),
    TOKEN_OTHER_IDENTITY("token-other-identity", Status.Code.UNAUTHENTICATED),
    TOKEN_OTHER_WORKLOAD("token-other-workload", Status.Code.UNAUTHENTICATED),
    TOKEN_NOT_AUTHENTICATED("token-not-authenticated", Status.Code.UNAUTHENTICATED),
    TOKEN_REVIEW_UNAVAILABLE("token-review-unavailable", Status.Code.UNAVAILABLE),
    TOKEN_REPLAYED("token-replayed", Status.Code.UNAUTHENTICATED),
    TRUST_DOMAIN("trust-domain", Status.Code.UNAUTHENTICATED),
    CSR_MALFORMED("csr-malformed", Status.Code.INVALID_ARGUMENT),
    CSR_PROOF("csr-proof-of-possession", Status.Code.INVALID_ARGUMENT),
    CSR_KEY("csr-key", Status.Code.INVALID_ARGUMENT),
    CSR_NAMES("csr-names", Status.Code.INVALID_ARGUMENT),
    CA_UNAVAILABLE("ca-unavailable", Status.Code.UNAVAILABLE),
    AUDIT_UNAVAILABLE("audit-unavailable", Status.Code.UNAVAILABLE);

    private final String text;
    private final Status.Code code;

    Reason(String text, Status.Code code) {
      this.text = text;
      this.code = code;
    }

    /** As in the audit log and in metrics; never changes its meaning. */
    String text() {
      return text;
    }
  }

  private final Reason reason;

  Refusal(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  Refusal(Reason reason, String message, Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  Reason reason() {
    return reason;
  }

  /** What the caller is told. */
  Status status() {
    return Status.fromCode(reason.code).withDescription(reason.text + ": " + getMessage());
  }

  /** The first thing that a token proves: it is for its own identity alone. */
  static void requireSameIdentity(SpiffeId proved, String asked) throws Refusal {
    if (!proved.uri().equals(asked)) {
      throw new Refusal(
          Reason.TOKEN_OTHER_IDENTITY,
          "the token of "
              + proved
              + " was used for "
              + shortened(asked)
              + " (expected: the token's own identity)");
    }
  }

  /**
   * The second: whoever names a workload must be it.
   *
   * @param proved empty when the token is bound to none
   * @param named empty when the caller names none
   */
  static void requireSameWorkload(String proved, String named) throws Refusal {
    if (!proved.isEmpty() && !named.isEmpty() && !proved.equals(named)) {
      throw new Refusal(
          Reason.TOKEN_OTHER_WORKLOAD,
          "the token of workload "
              + proved
              + " was used by one that calls itself "
              + shortened(named)
              + " (expected: the token's own workload)");
    }
  }

  /** What comes from a caller, bounded. */
  static String shortened(String text) {
    return text.length() <= 200 ? text : text.substring(0, 200) + "…";
  }
}
