package io.refmesh.proxy.tls;

import io.refmesh.model.identity.SpiffeId;
import java.security.GeneralSecurityException;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateParsingException;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * Decides whether a peer's certificates prove an identity: a chain to one of the trust roots (RFC
 * 5280 §6, without revocation: leaves live for hours), times within the tolerated clock skew, and
 * exactly one SPIFFE identity. Safe on any thread.
 *
 * <p>Peers come back with the same certificates. That a chain leads to a root, and whose it is,
 * cannot change while the roots are the same, so it is found out once for each chain and
 * remembered; times and usage are judged each time, and that the peer has the key is proved by each
 * handshake.
 */
final class PeerVerifier {

  /** Extended key usages of RFC 5280 §4.2.1.12. */
  enum Role {
    CLIENT("1.3.6.1.5.5.7.3.2"),
    SERVER("1.3.6.1.5.5.7.3.1");

    private final String usage;

    Role(String usage) {
      this.usage = usage;
    }
  }

  private static final String ANY_USAGE = "2.5.29.37.0";

  /** Chains remembered; beyond that all are forgotten and found out again. */
  private static final int REMEMBERED_MAX = 1_024;

  private final ConcurrentHashMap<List<X509Certificate>, SpiffeId> proved =
      new ConcurrentHashMap<>();
  private final Set<X509Certificate> roots;
  private final Set<TrustAnchor> anchors;
  private final Duration clockSkew;
  private final InstantSource clock;
  private final TlsPeers peers;

  PeerVerifier(
      List<X509Certificate> roots, Duration clockSkew, InstantSource clock, TlsPeers peers) {
    this.peers = peers;
    this.roots = Set.copyOf(roots);
    this.anchors =
        roots.stream()
            .map(root -> new TrustAnchor(root, null))
            .collect(Collectors.toUnmodifiableSet());
    this.clockSkew = clockSkew;
    this.clock = clock;
  }

  /** The identity of the peer, which plays {@code role}. */
  SpiffeId verify(X509Certificate[] chain, Role role) throws PeerRefused {
    if (chain.length == 0) {
      throw new PeerRefused(TlsFailure.NO_CERTIFICATE, "the peer showed no certificate");
    }
    Instant now = clock.instant();
    requireTimes(chain, now);
    List<X509Certificate> key = List.of(chain);
    SpiffeId known = proved.get(key);
    if (known == null) {
      requireChain(chain, now);
    }
    requireUsage(chain[0], role);
    if (known != null) {
      return known;
    }
    SpiffeId id = identity(chain[0]);
    if (proved.size() >= REMEMBERED_MAX) {
      proved.clear();
    }
    proved.put(key, id);
    return id;
  }

  private SpiffeId identity(X509Certificate leaf) throws PeerRefused {
    return switch (PeerIdentity.of(leaf)) {
      case PeerIdentity.Named(SpiffeId id) when peers == TlsPeers.STANDARD || !id.foreign() -> id;
      case PeerIdentity.Named(SpiffeId id) -> throw refused(PeerIdentity.otherForm(id.uri()));
      case PeerIdentity.Unnamed unnamed -> throw refused(unnamed);
    };
  }

  private static PeerRefused refused(PeerIdentity.Unnamed unnamed) {
    return new PeerRefused(TlsFailure.WRONG_IDENTITY, "the peer's certificate: " + unnamed.why());
  }

  private void requireTimes(X509Certificate[] chain, Instant now) throws PeerRefused {
    for (X509Certificate certificate : chain) {
      Instant notBefore = certificate.getNotBefore().toInstant();
      Instant notAfter = certificate.getNotAfter().toInstant();
      if (now.isAfter(notAfter.plus(clockSkew))) {
        throw new PeerRefused(
            TlsFailure.EXPIRED,
            "certificate "
                + name(certificate)
                + " ended at "
                + notAfter
                + ", our clock says "
                + now
                + " (expected: not more than "
                + clockSkew.toSeconds()
                + " s ago)");
      }
      if (now.isBefore(notBefore.minus(clockSkew))) {
        throw new PeerRefused(
            TlsFailure.NOT_YET_VALID,
            "certificate "
                + name(certificate)
                + " begins at "
                + notBefore
                + ", our clock says "
                + now
                + " (expected: not more than "
                + clockSkew.toSeconds()
                + " s ahead; compare the clocks)");
      }
    }
  }

  private void requireChain(X509Certificate[] chain, Instant now) throws PeerRefused {
    List<X509Certificate> path = new ArrayList<>(chain.length);
    Instant within = now;
    for (X509Certificate certificate : chain) {
      if (roots.contains(certificate)) {
        break;
      }
      path.add(certificate);
      // The times were judged with tolerance above: the check of the path must not judge them again
      // without.
      within =
          clamp(
              within,
              certificate.getNotBefore().toInstant(),
              certificate.getNotAfter().toInstant());
    }
    if (path.isEmpty()) {
      throw new PeerRefused(
          TlsFailure.WRONG_IDENTITY, "the peer showed a trust root as its own certificate");
    }
    try {
      PKIXParameters parameters = new PKIXParameters(anchors);
      parameters.setRevocationEnabled(false);
      parameters.setDate(Date.from(within));
      CertPathValidator.getInstance("PKIX")
          .validate(CertificateFactory.getInstance("X.509").generateCertPath(path), parameters);
    } catch (CertPathValidatorException e) {
      X509Certificate last = path.getLast();
      throw new PeerRefused(
          TlsFailure.UNKNOWN_CA,
          "certificate "
              + name(chain[0])
              + " does not chain to a trust root: issuer \""
              + last.getIssuerX500Principal().getName()
              + "\", "
              + e.getMessage()
              + " (expected: one of "
              + roots.stream()
                  .map(root -> "\"" + root.getSubjectX500Principal().getName() + "\"")
                  .sorted()
                  .toList()
              + ")");
    } catch (GeneralSecurityException e) {
      throw new PeerRefused(
          TlsFailure.OTHER, "certificate " + name(chain[0]) + " cannot be checked: " + e);
    }
  }

  private static void requireUsage(X509Certificate leaf, Role role) throws PeerRefused {
    List<String> usages;
    try {
      usages = leaf.getExtendedKeyUsage();
    } catch (CertificateParsingException e) {
      throw new PeerRefused(
          TlsFailure.OTHER, "certificate " + name(leaf) + ": key usage cannot be read");
    }
    if (usages != null && !usages.contains(role.usage) && !usages.contains(ANY_USAGE)) {
      throw new PeerRefused(
          TlsFailure.OTHER,
          "certificate " + name(leaf) + " is for " + usages + " (expected: " + role.usage + ")");
    }
  }

  private static Instant clamp(Instant instant, Instant from, Instant to) {
    if (instant.isBefore(from)) {
      return from;
    }
    return instant.isAfter(to) ? to : instant;
  }

  private static String name(X509Certificate certificate) {
    String subject =
        switch (PeerIdentity.of(certificate)) {
          case PeerIdentity.Named(SpiffeId id) -> id.uri();
          case PeerIdentity.Unnamed unnamed ->
              "\"" + certificate.getSubjectX500Principal().getName() + "\"";
        };
    return subject + " (serial " + certificate.getSerialNumber().toString(16) + ")";
  }
}
