package io.refmesh.model.policy;

import java.util.List;

/**
 * One AuthorizationPolicy that selects a port. DENY wins over ALLOW; as soon as one ALLOW selects
 * the port, what none allows is refused; AUDIT only counts and logs.
 *
 * @param name {@code namespace/name}, given to denied callers
 */
public record Authorization(String name, Action action, List<Rule> rules) {

  public Authorization {
    rules = List.copyOf(rules);
  }

  public enum Action {
    ALLOW,
    DENY,
    AUDIT
  }

  /** Applies when any source and any target match; an empty list matches everything. */
  public record Rule(List<Source> from, List<Target> to) {
    public Rule {
      from = List.copyOf(from);
      to = List.copyOf(to);
    }
  }

  /**
   * Who: every non-empty part must match.
   *
   * @param identities SPIFFE URIs, exact or with a trailing {@code *}; service accounts and
   *     namespaces are compiled to these
   */
  public record Source(List<String> identities, List<Network> networks) {
    public Source {
      identities = List.copyOf(identities);
      networks = List.copyOf(networks);
    }
  }

  public record Network(String cidr, List<String> except) {
    public Network {
      except = List.copyOf(except);
    }
  }

  /**
   * What: every non-empty part must match.
   *
   * @param paths exact or with a trailing {@code *}
   */
  public record Target(
      List<Integer> ports, List<String> methods, List<String> paths, List<Header> headers) {
    public Target {
      ports = List.copyOf(ports);
      methods = List.copyOf(methods);
      paths = List.copyOf(paths);
      headers = List.copyOf(headers);
    }

    /** Whether it asks for something that only HTTP has, so that it can never match plain TCP. */
    public boolean needsHttp() {
      return !methods.isEmpty() || !paths.isEmpty() || !headers.isEmpty();
    }
  }

  /**
   * @param name lower case
   */
  public record Header(String name, String value) {}
}
