package io.refmesh.model.identity;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The identity of a workload: {@code spiffe://<trust-domain>/ns/<namespace>/sa/<service-account>},
 * after the SPIFFE ID specification with the path that Kubernetes meshes share.
 */
public record SpiffeId(String trustDomain, String namespace, String serviceAccount) {

  private static final Pattern FORM =
      Pattern.compile(
          "spiffe://([a-z0-9._-]{1,255})/ns/([a-z0-9.-]{1,253})/sa/([a-z0-9.-]{1,253})");

  public SpiffeId {
    String uri = "spiffe://" + trustDomain + "/ns/" + namespace + "/sa/" + serviceAccount;
    if (!FORM.matcher(uri).matches()) {
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

  public String uri() {
    return "spiffe://" + trustDomain + "/ns/" + namespace + "/sa/" + serviceAccount;
  }

  @Override
  public String toString() {
    return uri();
  }
}
