package io.refmesh.proxy.control;

import io.refmesh.model.identity.SpiffeId;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/** Has a CSR signed. Blocks; called on the thread of {@link CertificateSource}. */
interface Certifier {

  /**
   * What the control plane answered.
   *
   * @param chain leaf first
   * @param renewAt when the control plane wants the next CSR, before jitter
   */
  record Certified(List<X509Certificate> chain, List<X509Certificate> roots, Instant renewAt) {
    public Certified {
      chain = List.copyOf(chain);
      roots = List.copyOf(roots);
    }
  }

  /** No certificate this time; the message says why and what to check. */
  final class Refused extends Exception {
    private static final long serialVersionUID = 1L;

    Refused(String message) {
      super(message);
    }

    Refused(String message, Throwable cause) {
      super(message, cause);
    }
  }

  Certified certify(SpiffeId identity, byte[] csr, Duration timeout) throws Refused;
}
