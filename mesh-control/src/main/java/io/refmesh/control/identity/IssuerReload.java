package io.refmesh.control.identity;

import io.refmesh.model.identity.RootName;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Replaces the issuer of a CA that runs, or refuses to. What is refused changes nothing: the CA
 * signs on with what it has. Trust roots may be added; one is dropped only when somebody looked
 * that no certificate that lives stands under it. Thread-safe.
 */
public final class IssuerReload {

  private final CertificateAuthority authority;
  private final InstantSource clock;
  private final SecureRandom random;

  public IssuerReload(CertificateAuthority authority, InstantSource clock, SecureRandom random) {
    this.authority = authority;
    this.clock = clock;
    this.random = random;
  }

  /**
   * Takes other trust roots.
   *
   * @param pem all of them
   * @param mayDrop of which it was looked that nobody needs them
   * @return whether they are others than before
   */
  public synchronized boolean roots(String pem, Set<RootName> mayDrop) throws Issuer.Unusable {
    Issuer now = authority.issuer();
    List<X509Certificate> next = List.copyOf(new LinkedHashSet<>(Issuer.roots(pem)));
    for (X509Certificate root : now.roots()) {
      if (!next.contains(root) && !mayDrop.contains(RootName.of(root))) {
        throw new Issuer.Unusable(
            "ca.crt: the root \""
                + root.getSubjectX500Principal().getName()
                + "\" is not among its "
                + next.size()
                + " (expected: every root in force, because certificates that live stand under it;"
                + " `mesh identity rotate-root` drops one once nobody needs it)");
      }
    }
    if (Set.copyOf(next).equals(Set.copyOf(now.roots()))) {
      return false;
    }
    now.requireUnder(next, "the trust roots that would be left", clock.instant());
    replace(new Issuer(now.key(), now.chain(), next));
    return true;
  }

  private void replace(Issuer next) throws Issuer.Unusable {
    try {
      authority.replace(next);
    } catch (GeneralSecurityException e) {
      throw new Issuer.Unusable("tls.crt: " + e.getMessage(), e);
    }
  }

  /**
   * Takes another issuer, which must stand under the roots in force.
   *
   * @return whether it is another than before
   */
  public synchronized boolean issuer(Issuer.Text text) throws Issuer.Unusable {
    Issuer now = authority.issuer();
    Issuer next = Issuer.read(text, now.roots(), authority.trustDomain(), clock.instant(), random);
    if (next.chain().equals(now.chain()) && next.key().equals(now.key())) {
      return false;
    }
    replace(next);
    return true;
  }
}
