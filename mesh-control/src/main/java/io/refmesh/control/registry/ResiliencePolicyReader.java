package io.refmesh.control.registry;

import io.refmesh.control.registry.ResiliencePolicy.BalancerFields;
import io.refmesh.control.registry.ResiliencePolicy.EjectionFields;
import io.refmesh.control.registry.ResiliencePolicy.LimitFields;
import io.refmesh.control.registry.ResiliencePolicy.RetryFields;
import io.refmesh.control.registry.ResiliencePolicy.TimeoutFields;
import io.refmesh.model.policy.BackendSettings.Algorithm;
import io.refmesh.model.policy.BackendSettings.Hash;
import io.refmesh.model.policy.RetryCondition;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/** Reads a ResiliencePolicy. */
final class ResiliencePolicyReader {

  private static final Duration DAY = Duration.ofHours(24);
  private static final Duration MILLISECOND = Duration.ofMillis(1);
  private static final Duration HOUR = Duration.ofHours(1);
  private static final int COUNT_MAX = 1_000_000;

  private static final Pattern NAME = Pattern.compile("[-_.A-Za-z0-9]{1,128}");

  private ResiliencePolicyReader() {}

  static ResiliencePolicy read(Metadata metadata, Origin origin, Fields spec) {
    return new ResiliencePolicy(
        metadata,
        origin,
        TargetRefs.read(
            metadata,
            spec,
            TargetRef.Kind.SERVICE,
            TargetRef.Kind.NAMESPACE,
            TargetRef.Kind.HTTP_ROUTE,
            TargetRef.Kind.GRPC_ROUTE),
        new ResiliencePolicy.Settings(
            timeouts(spec.object("timeouts")),
            retry(spec.object("retry")),
            ejection(spec.object("ejection")),
            balancer(spec.object("balancer")),
            limits(spec.object("limits"))));
  }

  private static TimeoutFields timeouts(Fields fields) {
    return new TimeoutFields(
        fields.duration("request", Duration.ZERO, DAY),
        fields.duration("perTry", Duration.ZERO, DAY),
        fields.duration("idle", Duration.ZERO, DAY),
        fields.duration("connect", MILLISECOND, Duration.ofMinutes(1)));
  }

  private static RetryFields retry(Fields fields) {
    Optional<List<RetryCondition>> on = Optional.empty();
    // kubectl reads an unquoted `on` as true, as YAML 1.1 says, and sends that as the field's name.
    String name = fields.has("true") && !fields.has("on") ? "true" : "on";
    if (fields.has(name)) {
      on = Optional.of(fields.parsedList(name, fields.words(name), RetryCondition::parse));
    }
    Fields backoff = fields.object("backoff");
    Optional<Duration> base = backoff.duration("base", Duration.ZERO, HOUR);
    Optional<Duration> max = backoff.duration("max", Duration.ZERO, HOUR);
    ordered(backoff, base, max);
    Fields budget = fields.object("budget");
    return new RetryFields(
        fields.integer("attempts", 0, 20),
        on,
        fields.flag("nonIdempotent"),
        base,
        max,
        fields.bytes("bodyLimit", 0, 16 * 1024 * 1024),
        budget.integer("percent", 0, 100),
        budget.integer("minPerSecond", 0, COUNT_MAX),
        budget.duration("window", Duration.ofSeconds(1), HOUR));
  }

  private static EjectionFields ejection(Fields fields) {
    Fields successRate = fields.object("successRate");
    Fields backoff = fields.object("backoff");
    Optional<Duration> base = backoff.duration("base", MILLISECOND, HOUR);
    Optional<Duration> max = backoff.duration("max", MILLISECOND, HOUR);
    ordered(backoff, base, max);
    return new EjectionFields(
        fields.integer("consecutiveFailures", 0, COUNT_MAX),
        successRate.integer("threshold", 0, 100),
        successRate.duration("window", Duration.ofSeconds(1), HOUR),
        successRate.integer("minRequests", 1, COUNT_MAX),
        base,
        max,
        backoff.integer("jitter", 0, 100),
        fields.integer("maxEjected", 0, 100));
  }

  private static BalancerFields balancer(Fields fields) {
    Optional<Algorithm> algorithm =
        fields
            .oneOf("algorithm", "peak-ewma", "least-request", "round-robin", "ring-hash")
            .map(text -> Algorithm.valueOf(text.toUpperCase(Locale.ROOT).replace('-', '_')));
    return new BalancerFields(
        algorithm,
        hash(fields, algorithm),
        fields.duration("slowStart", Duration.ZERO, HOUR),
        fields.flag("preferZone"));
  }

  private static Optional<Hash> hash(Fields balancer, Optional<Algorithm> algorithm) {
    if (!balancer.has("hash")) {
      return Optional.empty();
    }
    if (algorithm.isPresent() && algorithm.get() != Algorithm.RING_HASH) {
      // The policy says peak-ewma and names a hash: the hash would never be used.
      balancer.problem(
          "hash", "is given beside another algorithm (expected: algorithm: ring-hash, or no hash)");
    }
    Fields hash = balancer.object("hash");
    List<Hash> given = new ArrayList<>();
    hash.text("header").ifPresent(name -> given.add(new Hash.Header(named(hash, "header", name))));
    hash.text("cookie").ifPresent(name -> given.add(new Hash.Cookie(named(hash, "cookie", name))));
    if (hash.flag("source").orElse(false)) {
      given.add(new Hash.Source());
    }
    if (given.size() != 1) {
      hash.problem(
          "says "
              + (given.isEmpty() ? "nothing" : given.size() + " things")
              + " (expected: one of {header: name}, {cookie: name} and {source: true})");
      return Optional.empty();
    }
    return Optional.of(given.getFirst());
  }

  /** Header names are lower case inside; names of cookies are what they are. */
  private static String named(Fields hash, String field, String name) {
    if (!NAME.matcher(name).matches()) {
      hash.problem(
          field, "\"" + Words.shortened(name) + "\" (expected: a name of letters, digits and -_.)");
    }
    return field.equals("header") ? name.toLowerCase(Locale.ROOT) : name;
  }

  private static LimitFields limits(Fields fields) {
    return new LimitFields(
        fields.integer("inFlight", 0, COUNT_MAX),
        fields.flag("adaptive"),
        fields.integer("connections", 0, COUNT_MAX),
        fields.integer("pending", 0, COUNT_MAX));
  }

  private static void ordered(Fields backoff, Optional<Duration> base, Optional<Duration> max) {
    if (base.isPresent() && max.isPresent() && max.get().compareTo(base.get()) < 0) {
      backoff.problem(
          "max",
          Quantities.text(max.get())
              + " (expected: at least base, which is "
              + Quantities.text(base.get())
              + ")");
    }
  }
}
