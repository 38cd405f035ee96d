package io.refmesh.model.wire;

import io.refmesh.model.policy.RetryCondition;
import io.refmesh.model.policy.RetrySettings;
import io.refmesh.model.policy.Timeouts;
import io.refmesh.model.route.ConnectionRule;
import io.refmesh.model.route.HttpMatch;
import io.refmesh.model.route.HttpMatch.PathMatch;
import io.refmesh.model.route.RouteFilter;
import io.refmesh.model.route.RouteFilter.PathChange;
import io.refmesh.model.route.RouteRule;
import io.refmesh.model.route.WeightedBackend;
import io.refmesh.model.wire.v1.HeaderChange;
import io.refmesh.model.wire.v1.Retry;
import io.refmesh.model.wire.v1.ValueMatch;
import java.time.Duration;
import java.util.Optional;

/** {@link RouteRule} to and from its message. */
final class RouteWire {

  private RouteWire() {}

  static io.refmesh.model.wire.v1.RouteRule encode(RouteRule rule) {
    var message =
        io.refmesh.model.wire.v1.RouteRule.newBuilder()
            .setName(rule.name())
            .addAllHostnames(rule.hostnames())
            .setMatch(encode(rule.match()))
            .setRequestTimeoutMillis(rule.timeouts().request().toMillis())
            .setTryTimeoutMillis(rule.timeouts().perTry().toMillis())
            .setIdleTimeoutMillis(rule.timeouts().idle().toMillis());
    rule.filters().forEach(filter -> message.addFilters(encode(filter)));
    for (WeightedBackend backend : rule.backends()) {
      message.addBackends(encode(backend));
    }
    rule.retry().ifPresent(retry -> message.setRetry(encode(retry)));
    rule.faults().ifPresent(faults -> message.setFaults(FaultsWire.encode(faults)));
    return message.build();
  }

  static RouteRule decode(io.refmesh.model.wire.v1.RouteRule message) {
    return new RouteRule(
        message.getName(),
        message.getHostnamesList(),
        decode(message.getMatch()),
        message.getFiltersList().stream().map(RouteWire::decode).toList(),
        message.getBackendsList().stream().map(RouteWire::decode).toList(),
        new Timeouts(
            Duration.ofMillis(message.getRequestTimeoutMillis()),
            Duration.ofMillis(message.getTryTimeoutMillis()),
            Duration.ofMillis(message.getIdleTimeoutMillis())),
        message.hasRetry() ? Optional.of(decode(message.getRetry())) : Optional.empty(),
        message.hasFaults()
            ? Optional.of(FaultsWire.decode(message.getFaults()))
            : Optional.empty());
  }

  static io.refmesh.model.wire.v1.ConnectionRule encode(ConnectionRule rule) {
    return io.refmesh.model.wire.v1.ConnectionRule.newBuilder()
        .setName(rule.name())
        .setTls(rule.tls())
        .addAllHostnames(rule.hostnames())
        .addAllBackends(rule.backends().stream().map(RouteWire::encode).toList())
        .build();
  }

  static ConnectionRule decode(io.refmesh.model.wire.v1.ConnectionRule message) {
    return new ConnectionRule(
        message.getName(),
        message.getTls(),
        message.getHostnamesList(),
        message.getBackendsList().stream().map(RouteWire::decode).toList());
  }

  private static io.refmesh.model.wire.v1.WeightedBackend encode(WeightedBackend backend) {
    return io.refmesh.model.wire.v1.WeightedBackend.newBuilder()
        .setBackend(DestinationWire.encode(backend.backend()))
        .setWeight(backend.weight())
        .setExists(backend.exists())
        .addAllFilters(backend.filters().stream().map(RouteWire::encode).toList())
        .build();
  }

  private static WeightedBackend decode(io.refmesh.model.wire.v1.WeightedBackend message) {
    return new WeightedBackend(
        DestinationWire.decode(message.getBackend()),
        message.getWeight(),
        message.getExists(),
        message.getFiltersList().stream().map(RouteWire::decode).toList());
  }

  private static io.refmesh.model.wire.v1.HttpMatch encode(HttpMatch match) {
    var message = io.refmesh.model.wire.v1.HttpMatch.newBuilder().setMethod(match.method());
    switch (match.path()) {
      case PathMatch.Exact(String path) -> message.setExact(path);
      case PathMatch.Prefix(String path) -> message.setPrefix(path);
      case PathMatch.Regex(String pattern) -> message.setRegex(pattern);
    }
    match
        .headers()
        .forEach(h ->
            message.addHeaders(
                ValueMatch.newBuilder().setName(h.name()).setValue(h.value()).setRegex(h.regex())));
    match
        .query()
        .forEach(q ->
            message.addQuery(
                ValueMatch.newBuilder().setName(q.name()).setValue(q.value()).setRegex(q.regex())));
    return message.build();
  }

  private static HttpMatch decode(io.refmesh.model.wire.v1.HttpMatch message) {
    PathMatch path =
        switch (message.getPathCase()) {
          case EXACT -> new PathMatch.Exact(message.getExact());
          case PREFIX -> new PathMatch.Prefix(message.getPrefix());
          case REGEX -> new PathMatch.Regex(message.getRegex());
          case PATH_NOT_SET ->
              throw new IllegalArgumentException(
                  "route match without a path (expected: exact, prefix or regex)");
        };
    return new HttpMatch(
        path,
        message.getMethod(),
        message.getHeadersList().stream()
            .map(h -> new HttpMatch.HeaderMatch(h.getName(), h.getValue(), h.getRegex()))
            .toList(),
        message.getQueryList().stream()
            .map(q -> new HttpMatch.QueryMatch(q.getName(), q.getValue(), q.getRegex()))
            .toList());
  }

  private static io.refmesh.model.wire.v1.RouteFilter encode(RouteFilter filter) {
    var message = io.refmesh.model.wire.v1.RouteFilter.newBuilder();
    switch (filter) {
      case RouteFilter.RequestHeaders(var set, var add, var remove) ->
          message.setRequestHeaders(
              HeaderChange.newBuilder().putAllSet(set).putAllAdd(add).addAllRemove(remove));
      case RouteFilter.ResponseHeaders(var set, var add, var remove) ->
          message.setResponseHeaders(
              HeaderChange.newBuilder().putAllSet(set).putAllAdd(add).addAllRemove(remove));
      case RouteFilter.Redirect(var scheme, var hostname, var port, var path, int status) -> {
        var redirect = io.refmesh.model.wire.v1.Redirect.newBuilder().setStatus(status);
        scheme.ifPresent(redirect::setScheme);
        hostname.ifPresent(redirect::setHostname);
        port.ifPresent(redirect::setPort);
        path.ifPresent(change -> redirect.setPath(encode(change)));
        message.setRedirect(redirect);
      }
      case RouteFilter.Rewrite(var hostname, var path) -> {
        var rewrite = io.refmesh.model.wire.v1.Rewrite.newBuilder();
        hostname.ifPresent(rewrite::setHostname);
        path.ifPresent(change -> rewrite.setPath(encode(change)));
        message.setRewrite(rewrite);
      }
      case RouteFilter.Mirror(var backend, boolean exists, int numerator, int denominator) ->
          message.setMirror(
              io.refmesh.model.wire.v1.Mirror.newBuilder()
                  .setBackend(DestinationWire.encode(backend))
                  .setExists(exists)
                  .setNumerator(numerator)
                  .setDenominator(denominator));
    }
    return message.build();
  }

  private static RouteFilter decode(io.refmesh.model.wire.v1.RouteFilter message) {
    return switch (message.getFilterCase()) {
      case REQUEST_HEADERS -> {
        HeaderChange change = message.getRequestHeaders();
        yield new RouteFilter.RequestHeaders(
            change.getSetMap(), change.getAddMap(), change.getRemoveList());
      }
      case RESPONSE_HEADERS -> {
        HeaderChange change = message.getResponseHeaders();
        yield new RouteFilter.ResponseHeaders(
            change.getSetMap(), change.getAddMap(), change.getRemoveList());
      }
      case REDIRECT -> {
        var redirect = message.getRedirect();
        yield new RouteFilter.Redirect(
            redirect.hasScheme() ? Optional.of(redirect.getScheme()) : Optional.empty(),
            redirect.hasHostname() ? Optional.of(redirect.getHostname()) : Optional.empty(),
            redirect.hasPort() ? Optional.of(redirect.getPort()) : Optional.empty(),
            redirect.hasPath() ? Optional.of(decode(redirect.getPath())) : Optional.empty(),
            redirect.getStatus());
      }
      case REWRITE -> {
        var rewrite = message.getRewrite();
        yield new RouteFilter.Rewrite(
            rewrite.hasHostname() ? Optional.of(rewrite.getHostname()) : Optional.empty(),
            rewrite.hasPath() ? Optional.of(decode(rewrite.getPath())) : Optional.empty());
      }
      case MIRROR -> {
        var mirror = message.getMirror();
        yield new RouteFilter.Mirror(
            DestinationWire.decode(mirror.getBackend()),
            mirror.getExists(),
            mirror.getNumerator(),
            mirror.getDenominator());
      }
      case FILTER_NOT_SET ->
          throw new IllegalArgumentException(
              "route filter of a kind this proxy does not know (expected: an older one)");
    };
  }

  private static io.refmesh.model.wire.v1.PathChange encode(PathChange change) {
    return io.refmesh.model.wire.v1.PathChange.newBuilder()
        .setWholePath(change.wholePath())
        .setValue(change.value())
        .build();
  }

  private static PathChange decode(io.refmesh.model.wire.v1.PathChange message) {
    return new PathChange(message.getWholePath(), message.getValue());
  }

  private static Retry encode(RetrySettings retry) {
    return Retry.newBuilder()
        .setAttempts(retry.attempts())
        .addAllOn(retry.on().stream().map(RetryCondition::text).toList())
        .setNonIdempotent(retry.nonIdempotent())
        .setBackoffBaseMillis(retry.backoffBase().toMillis())
        .setBackoffMaxMillis(retry.backoffMax().toMillis())
        .setBodyLimitBytes(retry.bodyLimitBytes())
        .setBudgetPercent(retry.budget().percent())
        .setBudgetMinPerSecond(retry.budget().minPerSecond())
        .setBudgetWindowMillis(retry.budget().window().toMillis())
        .build();
  }

  private static RetrySettings decode(Retry message) {
    return new RetrySettings(
        message.getAttempts(),
        message.getOnList().stream().map(RetryCondition::parse).toList(),
        message.getNonIdempotent(),
        Duration.ofMillis(message.getBackoffBaseMillis()),
        Duration.ofMillis(message.getBackoffMaxMillis()),
        message.getBodyLimitBytes(),
        new RetrySettings.Budget(
            message.getBudgetPercent(),
            message.getBudgetMinPerSecond(),
            Duration.ofMillis(message.getBudgetWindowMillis())));
  }
}
