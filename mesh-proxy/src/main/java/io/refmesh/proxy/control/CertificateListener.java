package io.refmesh.proxy.control;

import io.refmesh.proxy.tls.WorkloadCertificate;

/**
 * Told of the proxy's own certificate, one call at a time, on a virtual thread; must not block for
 * long.
 */
public interface CertificateListener {

  /** From now on this one: a new leaf, or the same leaf with other trust roots. */
  void certificate(WorkloadCertificate certificate);

  /** The leaf has ended and there is no newer one: it must not be shown to anyone any more. */
  void expired(WorkloadCertificate certificate, String why);
}
