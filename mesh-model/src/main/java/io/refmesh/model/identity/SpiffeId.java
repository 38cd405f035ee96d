package io.refmesh.model.identity;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The identity of a workload: {@code spiffe://<trust-domain>/ns/<namespace>/sa/<service-account>},
 * after the SPIFFE ID specification with the path that Kubernetes meshes share.
 *
 * <p>Identities of another path exist where another authority names workloads ({@link
 * #maybeParseForeign}): they have no namespace, and the path stands where the service account does.
 */
public record SpiffeId(String trustDomain, String namespace, String serviceAccount) {

  private static final Pattern FORM =
      Pattern.compile(
          "spiffe://([a-z0-9._-]{1,255})/ns/([a-z0-9.-]{1,253})/sa/([a-z0-9.-]{1,253})");

  /**
   * SPIFFE ID §2: segments of letters, digits, dots, dashes and underscores; none of dots alone.
   */
  private static final Pattern FOREIGN =
      Pattern.compile(
          "spiffe://([a-z0-9._-]{1,255})/((?!\\.{1,2}(?:/|$))[A-Za-z0-9._-]{1,253}(?:/(?!\\.{1,2}(?:/|$))[A-Za-z0-9._-]{1,253}){0,7})");

  public SpiffeId {
    String uri = uri(trustDomain, namespace, serviceAccount);
    boolean ours = FORM.matcher(uri).matches();
    if (namespace.isEmpty() ? ours || !FOREIGN.matcher(uri).matches() : !ours) {
      throw new IllegalArgumentException(
          "identity: "
              + uri
              + " (expected: spiffe://<trust-domain>/ns/<namespace>/sa/<service-account>, lower case)");
    }
  }

  /** The identity written as {@code uri}; empty when it has another form. */
  public static Optional<SpiffeId> maybeParse(String uri) {
    Matcher matcher = FORM.matcher(uri);
    return matcher.matches()
        ? Optional.of(new SpiffeId(matcher.group(1), matcher.group(2), matcher.group(3)))
        : Optional.empty();
  }

  /** As {@link #maybeParse}, and identities of any other path that SPIFFE allows. */
  public static Optional<SpiffeId> maybeParseForeign(String uri) {
    Optional<SpiffeId> ours = maybeParse(uri);
    if (ours.isPresent()) {
      return ours;
    }
    Matcher matcher = FOREIGN.matcher(uri);
    return matcher.matches()
        ? Optional.of(new SpiffeId(matcher.group(1), "", matcher.group(2)))
        : Optional.empty();
  }

  /**
   * The identity written as {@code uri}, or an {@link IllegalArgumentException} that says what was
   * expected.
   */
  public static SpiffeId parse(String uri) {
    return maybeParse(uri)
        .orElseThrow(() ->
            new IllegalArgumentException(
                "identity: "
                    + uri
                    + " (expected: spiffe://<trust-domain>/ns/<namespace>/sa/<service-account>)"));
  }

  /** Whether another authority named it: its path says no namespace and no service account. */
  public boolean foreign() {
    return namespace.isEmpty();
  }

  public String uri() {
    return uri(trustDomain, namespace, serviceAccount);
  }

  private static String uri(String trustDomain, String namespace, String serviceAccount) {
    return namespace.isEmpty()
        ? "spiffe://" + trustDomain + "/" + serviceAccount
        : "spiffe://" + trustDomain + "/ns/" + namespace + "/sa/" + serviceAccount;
  }

  @Override
  public String toString() {
    return uri();
  }
}
