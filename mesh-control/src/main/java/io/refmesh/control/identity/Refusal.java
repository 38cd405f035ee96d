package io.refmesh.control.identity;

import io.grpc.Status;

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
}
