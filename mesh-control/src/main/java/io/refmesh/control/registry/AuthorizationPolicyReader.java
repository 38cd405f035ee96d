package io.refmesh.control.registry;

import io.refmesh.model.policy.Authorization.Action;
import io.refmesh.model.policy.Authorization.Header;
import io.refmesh.model.policy.Authorization.Network;
import io.refmesh.model.policy.Authorization.Target;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Reads an AuthorizationPolicy. A mistake refuses the whole policy: half of it could grant what was
 * not meant.
 */
final class AuthorizationPolicyReader {

  private AuthorizationPolicyReader() {}

  static Optional<AuthorizationPolicy> read(Metadata metadata, Origin origin, Fields spec) {
    List<TargetRef> targets =
        TargetRefs.read(metadata, spec, TargetRef.Kind.SERVICE, TargetRef.Kind.NAMESPACE);
    Map<String, String> selector = TargetRefs.selector(spec, targets);
    Optional<String> action = spec.oneOf("action", "ALLOW", "DENY", "AUDIT");
    if (!spec.has("action")) {
      spec.missing("action", "ALLOW, DENY or AUDIT");
    }
    List<AuthorizationPolicy.Rule> rules = new ArrayList<>();
    for (Fields rule : spec.objects("rules")) {
      rules.add(
          new AuthorizationPolicy.Rule(
              rule.objects("from").stream().map(from -> source(metadata, from)).toList(),
              rule.objects("to").stream().map(AuthorizationPolicyReader::target).toList()));
    }
    if (!spec.has("rules")) {
      spec.missing(
          "rules", "a list of rules; [] matches nothing, so that an ALLOW with it refuses all");
    }
    return action.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new AuthorizationPolicy(
                metadata, origin, targets, selector, Action.valueOf(action.get()), rules));
  }

  private static AuthorizationPolicy.Source source(Metadata metadata, Fields from) {
    if (from.isEmpty()) {
      from.problem(
          "is empty (expected: identities, serviceAccounts, namespaces or networks; leave from out"
              + " for anyone)");
    }
    List<String> identities =
        from.parsedList(
            "identities", from.texts("identities"), AuthorizationPolicyReader::identity);
    List<AuthorizationPolicy.ServiceAccount> accounts = new ArrayList<>();
    for (Fields account : from.objects("serviceAccounts")) {
      accounts.add(TargetRefs.serviceAccount(metadata, account));
    }
    List<Network> networks = networks(from);
    List<String> namespaces = from.texts("namespaces");
    if (!from.isEmpty()
        && identities.isEmpty()
        && accounts.isEmpty()
        && namespaces.isEmpty()
        && networks.isEmpty()) {
      // An empty list matches everything further on: `namespaces: []` must not open the door.
      from.problem(
          "names nobody (expected: at least one identity, service account, namespace or network;"
              + " leave from out for anyone)");
    }
    return new AuthorizationPolicy.Source(identities, accounts, namespaces, networks);
  }

  /** Networks by which a policy names addresses. */
  static List<Network> networks(Fields from) {
    List<Network> networks = new ArrayList<>();
    for (Fields network : from.objects("networks")) {
      network.requiredText("cidr", "a network such as 10.0.0.0/8");
      String cidr = network.parsed("cidr", AuthorizationPolicyReader::cidr).orElse("");
      networks.add(
          new Network(
              cidr,
              network.parsedList(
                  "except", network.texts("except"), AuthorizationPolicyReader::cidr)));
    }
    return networks;
  }

  private static Target target(Fields to) {
    if (to.isEmpty()) {
      to.problem(
          "is empty (expected: ports, methods, paths or headers; leave to out for everything)");
    }
    List<Header> headers = new ArrayList<>();
    for (Fields header : to.objects("headers")) {
      headers.add(
          new Header(
              header.requiredText("name", "a header's name").toLowerCase(Locale.ROOT),
              header.requiredText("value", "the value the header must have")));
    }
    List<Integer> ports = to.integers("ports", 1, 65_535);
    List<String> methods =
        to.parsedList("methods", to.texts("methods"), AuthorizationPolicyReader::method);
    List<String> paths = to.parsedList("paths", to.texts("paths"), AuthorizationPolicyReader::path);
    if (!to.isEmpty()
        && ports.isEmpty()
        && methods.isEmpty()
        && paths.isEmpty()
        && headers.isEmpty()) {
      to.problem(
          "names nothing (expected: at least one port, method, path or header; leave to out for"
              + " everything)");
    }
    return new Target(ports, methods, paths, headers);
  }

  private static String identity(String text) {
    int star = text.indexOf('*');
    if (!text.equals("*") && !text.startsWith("spiffe://")
        || star >= 0 && star != text.length() - 1) {
      throw new IllegalArgumentException(
          "\""
              + Words.shortened(text)
              + "\" (expected: spiffe://<trust-domain>/ns/<namespace>/sa/<service-account>, or a"
              + " beginning of it with * at the end)");
    }
    return text;
  }

  private static String method(String text) {
    if (!text.matches("[A-Z]{1,20}")) {
      throw new IllegalArgumentException(
          "\"" + Words.shortened(text) + "\" (expected: an HTTP method in upper case)");
    }
    return text;
  }

  private static String path(String text) {
    int star = text.indexOf('*');
    if (!text.startsWith("/") && !text.equals("*") || star >= 0 && star != text.length() - 1) {
      throw new IllegalArgumentException(
          "\""
              + Words.shortened(text)
              + "\" (expected: a path that begins with /, or a beginning of it with * at the end)");
    }
    return text;
  }

  private static String cidr(String text) {
    int slash = text.indexOf('/');
    try {
      if (slash > 0) {
        int bits = InetAddress.ofLiteral(text.substring(0, slash)).getAddress().length * 8;
        int prefix = Integer.parseInt(text.substring(slash + 1));
        if (prefix >= 0 && prefix <= bits) {
          return text;
        }
      }
    } catch (IllegalArgumentException e) {
      // Neither an address nor a number: the message below says what is one.
    }
    throw new IllegalArgumentException(
        "\"" + Words.shortened(text) + "\" (expected: a network such as 10.0.0.0/8 or fd00::/8)");
  }
}
