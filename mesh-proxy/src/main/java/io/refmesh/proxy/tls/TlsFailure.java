package io.refmesh.proxy.tls;

/**
 * What was wrong with the peer when no mutually verified connection could be made; a label of the
 * metrics.
 */
public enum TlsFailure {
  /** The peer does not speak TLS. */
  PLAINTEXT("plaintext"),
  /** The peer showed no certificate. */
  NO_CERTIFICATE("no-certificate"),
  /** The chain does not lead to a trust root of ours. */
  UNKNOWN_CA("unknown-ca"),
  EXPIRED("expired"),
  /** The certificate begins in the future: one of the clocks is wrong. */
  NOT_YET_VALID("not-yet-valid"),
  /** Verified, but another identity or trust domain than the one expected. */
  WRONG_IDENTITY("wrong-identity"),
  /** The peer refused us. */
  REFUSED_BY_PEER("refused-by-peer"),
  TIMEOUT("timeout"),
  /** The peer went away during the handshake. */
  CLOSED("closed"),
  /** No certificate of our own yet. */
  NOT_READY("not-ready"),
  OTHER("other");

  private final String text;

  TlsFailure(String text) {
    this.text = text;
  }

  /** As in metrics and logs. */
  public String text() {
    return text;
  }
}
