package io.refmesh.proxy.tls;

import java.security.cert.CertificateException;

/** A peer's certificate was refused; the message is for the log. */
final class PeerRefused extends CertificateException {

  private static final long serialVersionUID = 1;

  private final TlsFailure failure;
  private final String text;

  PeerRefused(TlsFailure failure, String text) {
    super(text);
    this.failure = failure;
    this.text = text;
  }

  TlsFailure failure() {
    return failure;
  }

  String text() {
    return text;
  }
}
