package io.refmesh.control.kubernetes;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.refmesh.control.identity.Issuer;
import io.refmesh.control.registry.Annotations;
import io.refmesh.model.identity.RootName;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The two objects that hold the CA on a cluster: the Secret with the issuer, which cert-manager may
 * write as well, and the ConfigMap with the trust roots, which says under what an issuer must stand
 * and which no issuer brings along. Creating is left to the API server to decide: of several
 * replicas that start at once the first makes each, and all use what is there then.
 */
final class IssuerObjects {

  static final String SECRET = "refmesh-identity";
  static final String ROOTS = "refmesh-trust-roots";
  static final String CA_CRT = "ca.crt";
  static final String TRUST_DOMAIN = "trust-domain";

  private static final Map<String, String> LABELS =
      Map.of(
          "app.kubernetes.io/part-of",
          "refmesh",
          "app.kubernetes.io/managed-by",
          "refmesh-control");

  private final KubernetesClient client;
  private final String namespace;

  IssuerObjects(KubernetesClient client, String namespace) {
    this.client = client;
    this.namespace = namespace;
  }

  /** The Secret and what is in it; the parts that are missing are empty. */
  record Issuing(Secret object, Issuer.Text text) {}

  /**
   * @param trustDomain for which they were made; empty when it does not say
   * @param dropped roots that may be missing although they were in force: it was looked that nobody
   *     needs them
   * @param forced that nobody looks again
   */
  record Roots(
      ConfigMap object, String pem, String trustDomain, Set<RootName> dropped, boolean forced) {}

  Optional<Issuing> maybeIssuer() throws IOException {
    try {
      Secret secret = client.secrets().inNamespace(namespace).withName(SECRET).get();
      return secret == null ? Optional.empty() : Optional.of(issuing(secret));
    } catch (KubernetesClientException e) {
      throw failure("Secret " + SECRET, e);
    }
  }

  Optional<Roots> maybeRoots() throws IOException {
    try {
      ConfigMap map = client.configMaps().inNamespace(namespace).withName(ROOTS).get();
      return map == null ? Optional.empty() : Optional.of(roots(map));
    } catch (KubernetesClientException e) {
      throw failure("ConfigMap " + ROOTS, e);
    }
  }

  /** What is there, or a new issuer. */
  Issuing issuerOrMake(String trustDomain, Instant now, SecureRandom random)
      throws IOException, GeneralSecurityException {
    Optional<Issuing> found = maybeIssuer();
    if (found.isPresent()) {
      return found.get();
    }
    if (maybeRoots().isPresent()) {
      throw new IOException(
          "the Secret "
              + SECRET
              + " in "
              + namespace
              + " is gone while the ConfigMap "
              + ROOTS
              + " is there (expected: an issuer under these roots; restore the Secret, or delete"
              + " the ConfigMap too and restart every workload, to begin with a new CA)");
    }
    Issuer.Text made = Issuer.make(trustDomain, now, random).text();
    Secret secret =
        new SecretBuilder()
            .withNewMetadata()
            .withNamespace(namespace)
            .withName(SECRET)
            .withLabels(LABELS)
            .endMetadata()
            .withType("kubernetes.io/tls")
            .addToData(CA_CRT, encode(made.caCrt()))
            .addToData("tls.crt", encode(made.tlsCrt()))
            .addToData("tls.key", encode(made.tlsKey()))
            .build();
    return create(secret)
        ? new Issuing(secret, made)
        : maybeIssuer().orElseThrow(() -> vanished("Secret " + SECRET));
  }

  /** What is there, or the roots of the Secret that is. */
  Roots rootsOrMake(Issuing issuing, String trustDomain) throws IOException {
    Optional<Roots> found = maybeRoots();
    if (found.isPresent()) {
      return found.get();
    }
    String pem = issuing.text().caCrt();
    ConfigMap map =
        new ConfigMapBuilder()
            .withNewMetadata()
            .withNamespace(namespace)
            .withName(ROOTS)
            .withLabels(LABELS)
            .endMetadata()
            .addToData(CA_CRT, pem)
            .addToData(TRUST_DOMAIN, trustDomain)
            .build();
    return create(map)
        ? new Roots(map, pem, trustDomain, Set.of(), false)
        : maybeRoots().orElseThrow(() -> vanished("ConfigMap " + ROOTS));
  }

  private boolean create(HasMetadata object) throws IOException {
    try {
      client.resource(object).create();
      return true;
    } catch (KubernetesClientException e) {
      if (e.getCode() == HttpURLConnection.HTTP_CONFLICT) {
        return false;
      }
      throw failure(object.getKind() + " " + object.getMetadata().getName(), e);
    }
  }

  private static Issuing issuing(Secret secret) {
    Map<String, String> data = secret.getData();
    return new Issuing(
        secret,
        new Issuer.Text(decode(data, CA_CRT), decode(data, "tls.crt"), decode(data, "tls.key")));
  }

  private static Roots roots(ConfigMap map) {
    Map<String, String> data = map.getData();
    Map<String, String> annotations = map.getMetadata().getAnnotations();
    String dropped =
        annotations == null ? "" : annotations.getOrDefault(Annotations.DROPPED_ROOTS, "");
    return new Roots(
        map,
        data == null ? "" : data.getOrDefault(CA_CRT, ""),
        data == null ? "" : data.getOrDefault(TRUST_DOMAIN, ""),
        Arrays.stream(dropped.split(" ", -1))
            .filter(name -> !name.isEmpty())
            .map(RootName::new)
            .collect(Collectors.toUnmodifiableSet()),
        annotations != null
            && annotations.getOrDefault(Annotations.DROPPED_BY_FORCE, "").equals("true"));
  }

  private static String encode(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.US_ASCII));
  }

  private static String decode(@Nullable Map<String, String> data, String field) {
    String value = data == null ? null : data.get(field);
    try {
      return value == null
          ? ""
          : new String(Base64.getDecoder().decode(value), StandardCharsets.US_ASCII);
    } catch (IllegalArgumentException e) {
      // The API server lets nothing else in; were it otherwise, it is as if the part were missing.
      return "";
    }
  }

  // Never the exception's own message: it may repeat the body that was sent, and with it the key.
  private IOException failure(String what, KubernetesClientException e) {
    int code = e.getCode();
    return new IOException(
        what
            + " in "
            + namespace
            + ": "
            + (code <= 0 ? "the API server does not answer" : "the API server answered " + code)
            + (code == HttpURLConnection.HTTP_FORBIDDEN
                ? " (expected: leave to get and create it)"
                : ""));
  }

  private IOException vanished(String what) {
    return new IOException(
        what + " in " + namespace + " was made by another and is gone again (expected: it stays)");
  }
}
