package io.refmesh.proxy.tls;

import io.refmesh.model.identity.SpiffeId;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * The identity that a certificate names: exactly one URI among its alternative names, and that one
 * a SPIFFE identity, of any path.
 */
public sealed interface PeerIdentity {

  record Named(SpiffeId id) implements PeerIdentity {}

  /**
   * @param why for the log: what was found and what was expected
   */
  record Unnamed(String why) implements PeerIdentity {}

  /** RFC 5280 §4.2.1.6: {@code uniformResourceIdentifier [6]}. */
  int URI_NAME = 6;

  /** A name that is not the identity of a workload of this mesh. */
  static Unnamed otherForm(String uri) {
    return new Unnamed(
        "URI name "
            + uri
            + " (expected: spiffe://<trust-domain>/ns/<namespace>/sa/<service-account>)");
  }

  static PeerIdentity of(X509Certificate certificate) {
    List<String> uris = new ArrayList<>();
    try {
      Collection<List<?>> names = certificate.getSubjectAlternativeNames();
      if (names != null) {
        for (List<?> name : names) {
          if (name.get(0) instanceof Integer kind
              && kind == URI_NAME
              && name.get(1) instanceof String uri) {
            uris.add(uri);
          }
        }
      }
    } catch (CertificateParsingException e) {
      return new Unnamed("alternative names cannot be read (" + e.getMessage() + ")");
    }
    if (uris.size() != 1) {
      return new Unnamed(
          uris.size() + " URI names " + uris + " (expected: exactly one, a SPIFFE identity)");
    }
    Optional<SpiffeId> id = SpiffeId.maybeParseForeign(uris.getFirst());
    return id.<PeerIdentity>map(Named::new).orElseGet(() -> otherForm(uris.getFirst()));
  }
}
