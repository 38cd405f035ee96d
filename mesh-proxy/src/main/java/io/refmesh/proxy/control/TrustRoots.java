package io.refmesh.proxy.control;

import com.google.protobuf.ByteString;
import io.refmesh.model.identity.RootName;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXCertPathValidatorResult;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The roots that this proxy believes: those of a file at first, then those that the control plane
 * said last. The file is of use again to a proxy that was away while the roots were replaced: it
 * believes no control plane any more that could tell it so. Safe on any thread.
 */
final class TrustRoots {

  private static final Logger LOG = Logger.getLogger(TrustRoots.class.getName());

  private final @Nullable Path file;
  // What the file said last.
  private volatile List<X509Certificate> read;
  private volatile List<X509Certificate> roots;

  private TrustRoots(@Nullable Path file, List<X509Certificate> roots) {
    this.file = file;
    this.read = List.copyOf(roots);
    this.roots = List.copyOf(roots);
  }

  /** The certificates of a PEM file, or an {@link IllegalArgumentException} that names the file. */
  static TrustRoots read(Path file) {
    return new TrustRoots(file, readFile(file));
  }

  /**
   * What the file says now, when it is something else than it said last; the roots stay as they
   * are. A file that cannot be read says nothing.
   */
  Optional<List<X509Certificate>> news() {
    if (file == null) {
      return Optional.empty();
    }
    try {
      List<X509Certificate> now = readFile(file);
      if (now.equals(read)) {
        return Optional.empty();
      }
      read = now;
      return Optional.of(now);
    } catch (IllegalArgumentException e) {
      LOG.log(Level.WARNING, "{0}; those read before stay", e.getMessage());
      return Optional.empty();
    }
  }

  private static List<X509Certificate> readFile(Path file) {
    List<X509Certificate> found;
    try {
      found = decode(Files.readAllBytes(file));
    } catch (IOException | CertificateException e) {
      throw new IllegalArgumentException(
          "trust roots: " + file + " cannot be read (" + e + "; expected: certificates in PEM)", e);
    }
    if (found.isEmpty()) {
      throw new IllegalArgumentException(
          "trust roots: " + file + " holds no certificate (expected: at least one, in PEM)");
    }
    return List.copyOf(found);
  }

  static TrustRoots of(List<X509Certificate> roots) {
    return new TrustRoots(null, roots);
  }

  List<X509Certificate> current() {
    return roots;
  }

  /**
   * @param newRoots not empty: a proxy that believes nobody could never be told otherwise
   */
  void replace(List<X509Certificate> newRoots) {
    if (newRoots.isEmpty()) {
      throw new IllegalArgumentException("trust bundle: no roots (expected: at least one)");
    }
    roots = List.copyOf(newRoots);
  }

  /** One certificate of the wire, in DER, or an {@link IllegalArgumentException}. */
  static X509Certificate decodeOne(byte[] der) {
    try {
      List<X509Certificate> certificates = decode(der);
      if (certificates.size() == 1) {
        return certificates.getFirst();
      }
      throw new IllegalArgumentException(
          "certificate: " + certificates.size() + " in one field (expected: one, in DER)");
    } catch (CertificateException e) {
      throw new IllegalArgumentException(
          "certificate: cannot be read (" + e.getMessage() + "; expected: X.509 in DER)", e);
    }
  }

  /**
   * The one of {@code roots} to which {@code chain}, leaf first, leads at that time; throws with
   * the reason when it leads to none.
   */
  static X509Certificate requireChain(
      List<X509Certificate> chain, List<X509Certificate> roots, Instant when)
      throws GeneralSecurityException {
    PKIXParameters parameters =
        new PKIXParameters(
            roots.stream().map(root -> new TrustAnchor(root, null)).collect(Collectors.toSet()));
    parameters.setRevocationEnabled(false);
    parameters.setDate(Date.from(when));
    List<X509Certificate> withoutRoot = new ArrayList<>(chain);
    withoutRoot.removeAll(roots);
    PKIXCertPathValidatorResult found =
        (PKIXCertPathValidatorResult)
            CertPathValidator.getInstance("PKIX")
                .validate(
                    CertificateFactory.getInstance("X.509").generateCertPath(withoutRoot),
                    parameters);
    return found.getTrustAnchor().getTrustedCert();
  }

  /** By which roots are named on the wire. */
  static ByteString fingerprint(X509Certificate root) {
    return ByteString.copyFrom(RootName.of(root).bytes());
  }

  private static List<X509Certificate> decode(byte[] bytes) throws CertificateException {
    return CertificateFactory.getInstance("X.509")
        .generateCertificates(new ByteArrayInputStream(bytes))
        .stream()
        .map(X509Certificate.class::cast)
        .toList();
  }
}
