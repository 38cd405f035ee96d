package io.refmesh.proxy.policy;

import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.model.policy.Authorization;
import io.refmesh.model.policy.Authorization.Action;
import io.refmesh.proxy.http.Caller;
import io.refmesh.proxy.http.RequestHead;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One policy for one port, with its networks read. Pure and immutable. */
final class CompiledAuthorization {

  private record Source(List<String> identities, List<CompiledNetwork> networks) {

    static Source of(Authorization.Source source) {
      return new Source(
          source.identities(), source.networks().stream().map(CompiledNetwork::of).toList());
    }

    Match matches(Caller caller) {
      Match match = Match.YES;
      if (!identities.isEmpty()) {
        String uri = caller.identity().map(SpiffeId::uri).orElse("");
        match = Match.of(!uri.isEmpty() && anyCovers(identities, uri));
      }
      if (!networks.isEmpty() && match != Match.NO) {
        Match inside = Match.NO;
        for (CompiledNetwork network : networks) {
          inside = inside.or(network.contains(caller.address()));
        }
        match = match.and(inside);
      }
      return match;
    }
  }

  private record Rule(List<Source> from, List<Authorization.Target> to) {}

  private final String name;
  private final Action action;
  private final List<Rule> rules;
  private final int port;
  private final boolean opaque;
  private final boolean selects;

  CompiledAuthorization(Authorization authorization, int port, AppProtocol protocol) {
    name = authorization.name();
    action = authorization.action();
    this.port = port;
    opaque = protocol == AppProtocol.OPAQUE || protocol == AppProtocol.TLS;
    rules =
        authorization.rules().stream()
            .map(rule -> new Rule(rule.from().stream().map(Source::of).toList(), rule.to()))
            .toList();
    selects = rules.isEmpty() || rules.stream().anyMatch(rule -> namesPort(rule.to()));
  }

  String name() {
    return name;
  }

  Action action() {
    return action;
  }

  /** Whether it says anything about this port: no rule of it may be about other ports only. */
  boolean selects() {
    return selects;
  }

  /**
   * Whether it takes an HTTP request to decide: some rule for this port asks for what TCP lacks.
   */
  boolean needsHttp() {
    return rules.stream()
        .flatMap(rule -> rule.to().stream())
        .anyMatch(target -> names(target.ports()) && target.needsHttp());
  }

  /**
   * @param request null for an opaque connection
   */
  Match matches(Caller caller, @Nullable RequestHead request) {
    Match any = Match.NO;
    for (Rule rule : rules) {
      Match match = from(rule.from(), caller);
      if (match != Match.NO) {
        match = match.and(to(rule.to(), request));
      }
      any = any.or(match);
      if (any == Match.YES) {
        return any;
      }
    }
    return any;
  }

  private static Match from(List<Source> sources, Caller caller) {
    Match any = sources.isEmpty() ? Match.YES : Match.NO;
    for (Source source : sources) {
      any = any.or(source.matches(caller));
    }
    return any;
  }

  private Match to(List<Authorization.Target> targets, @Nullable RequestHead request) {
    Match any = targets.isEmpty() ? Match.YES : Match.NO;
    for (Authorization.Target target : targets) {
      if (names(target.ports())) {
        any = any.or(request == null ? onConnection(target) : onRequest(target, request));
      }
    }
    return any;
  }

  /**
   * A target that needs HTTP never matches a port that is declared opaque. Elsewhere an opaque
   * connection may carry HTTP that was disguised, so a DENY must hold.
   */
  private Match onConnection(Authorization.Target target) {
    if (!target.needsHttp()) {
      return Match.YES;
    }
    return opaque ? Match.NO : Match.UNSURE;
  }

  private static Match onRequest(Authorization.Target target, RequestHead request) {
    if (!target.methods().isEmpty() && !target.methods().contains(request.method())) {
      return Match.NO;
    }
    Match match = Match.YES;
    for (Authorization.Header header : target.headers()) {
      match = match.and(header(header, request));
    }
    if (match != Match.NO && !target.paths().isEmpty()) {
      match = match.and(path(target.paths(), request.pathOnly()));
    }
    return match;
  }

  /** A field that is given several times with different values is read differently by servers. */
  private static Match header(Authorization.Header header, RequestHead request) {
    List<CharSequence> values =
        header.name().equals("host")
            ? List.of(request.authority())
            : request.headers().getAll(header.name());
    boolean some = false;
    boolean all = !values.isEmpty();
    for (CharSequence value : values) {
      boolean same = header.value().contentEquals(value);
      some |= same;
      all &= same;
    }
    if (all) {
      return Match.YES;
    }
    return some ? Match.UNSURE : Match.NO;
  }

  private static Match path(List<String> patterns, String path) {
    Optional<String> normal = NormalPath.of(path);
    if (normal.isEmpty()) {
      return Match.UNSURE;
    }
    if (anyCovers(patterns, normal.get())) {
      return Match.YES;
    }
    // A server that does not normalise would see what was sent.
    return anyCovers(patterns, path) ? Match.UNSURE : Match.NO;
  }

  private boolean namesPort(List<Authorization.Target> targets) {
    return targets.isEmpty() || targets.stream().anyMatch(target -> names(target.ports()));
  }

  private boolean names(List<Integer> ports) {
    return ports.isEmpty() || ports.contains(port);
  }

  private static boolean anyCovers(List<String> patterns, String text) {
    for (String pattern : patterns) {
      boolean covers =
          pattern.endsWith("*")
              ? text.startsWith(pattern.substring(0, pattern.length() - 1))
              : text.equals(pattern);
      if (covers) {
        return true;
      }
    }
    return false;
  }
}
