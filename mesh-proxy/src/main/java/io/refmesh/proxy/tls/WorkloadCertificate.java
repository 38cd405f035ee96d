package io.refmesh.proxy.tls;

import io.refmesh.model.identity.SpiffeId;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;

/**
 * What proves this workload and what it believes of others: one key, its chain and the trust roots,
 * used and replaced as one.
 *
 * @param identity the one URI SAN of the leaf
 * @param key never leaves the process
 * @param chain leaf first, without the root
 * @param roots what peers must chain to
 */
public record WorkloadCertificate(
    SpiffeId identity,
    PrivateKey key,
    List<X509Certificate> chain,
    List<X509Certificate> roots,
    Instant notBefore,
    Instant notAfter) {

  public WorkloadCertificate {
    chain = List.copyOf(chain);
    roots = List.copyOf(roots);
    if (chain.isEmpty() || roots.isEmpty()) {
      throw new IllegalArgumentException(
          "certificate of "
              + identity
              + ": "
              + chain.size()
              + " certificates in the chain, "
              + roots.size()
              + " trust roots (expected: at least one of each)");
    }
  }

  /**
   * With identity and times as the leaf says, or an {@link IllegalArgumentException} that says what
   * is wrong with the leaf.
   */
  public static WorkloadCertificate of(
      PrivateKey key, List<X509Certificate> chain, List<X509Certificate> roots) {
    X509Certificate leaf = chain.getFirst();
    SpiffeId identity =
        switch (PeerIdentity.of(leaf)) {
          case PeerIdentity.Named(SpiffeId id) -> id;
          case PeerIdentity.Unnamed(String why) ->
              throw new IllegalArgumentException("certificate: " + why);
        };
    return new WorkloadCertificate(
        identity,
        key,
        chain,
        roots,
        leaf.getNotBefore().toInstant(),
        leaf.getNotAfter().toInstant());
  }

  /** The same key and chain with other trust roots. */
  public WorkloadCertificate withRoots(List<X509Certificate> newRoots) {
    return new WorkloadCertificate(identity, key, chain, newRoots, notBefore, notAfter);
  }

  public X509Certificate leaf() {
    return chain.getFirst();
  }

  /** Serial number of the leaf in hexadecimal digits, as in logs and {@code mesh status}. */
  public String serial() {
    return leaf().getSerialNumber().toString(16);
  }
}
