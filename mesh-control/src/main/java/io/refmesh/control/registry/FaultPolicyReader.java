package io.refmesh.control.registry;

import io.refmesh.control.registry.FaultPolicy.Side;
import io.refmesh.model.policy.Faults.Delay;
import io.refmesh.model.policy.Faults.Effect;
import io.refmesh.model.policy.Faults.Fault;
import io.refmesh.model.policy.Faults.Header;
import io.refmesh.model.policy.RetryCondition;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Reads a FaultPolicy. */
final class FaultPolicyReader {

  private static final Duration MILLISECOND = Duration.ofMillis(1);
  private static final Duration HOUR = Duration.ofHours(1);
  private static final int ACTIVE_MAX = 1_000_000;
  private static final int GRPC_STATUS_MAX = 16;

  private FaultPolicyReader() {}

  static Optional<FaultPolicy> read(Metadata metadata, Origin origin, Fields spec) {
    List<TargetRef> targets =
        TargetRefs.read(
            metadata,
            spec,
            TargetRef.Kind.SERVICE,
            TargetRef.Kind.NAMESPACE,
            TargetRef.Kind.HTTP_ROUTE,
            TargetRef.Kind.GRPC_ROUTE);
    Map<String, String> selector = TargetRefs.selector(spec, targets);
    Side side =
        spec.oneOf("side", "client", "server")
            .map(text -> Side.valueOf(text.toUpperCase(Locale.ROOT)))
            .orElse(selector.isEmpty() ? Side.CLIENT : Side.SERVER);
    requireAttachable(side, targets, selector, spec);
    if (!spec.has("expiresAfter")) {
      spec.missing("expiresAfter", "a duration; a fault always ends");
    }
    Optional<Duration> expiresAfter =
        spec.duration("expiresAfter", MILLISECOND, Duration.ofHours(24));
    int maxActive = spec.requiredInteger("maxActive", 1, ACTIVE_MAX);
    List<Fault> faults = new ArrayList<>();
    for (Fields fault : spec.objects("faults")) {
      faults.add(fault(fault));
    }
    if (faults.isEmpty()) {
      spec.problem("faults", "injects nothing (expected: at least one fault)");
    }
    return expiresAfter.map(lasts ->
        new FaultPolicy(metadata, origin, targets, selector, side, lasts, maxActive, faults));
  }

  /**
   * Which rule of a route a request takes is known in the caller's sidecar; which workload answers
   * it is not, until the fault has had its effect.
   */
  private static void requireAttachable(
      Side side, List<TargetRef> targets, Map<String, String> selector, Fields spec) {
    if (side == Side.CLIENT && !selector.isEmpty()) {
      spec.problem(
          "selector",
          "picks workloads that are called (expected: side: server; or targetRefs, since a caller's"
              + " sidecar knows services and routes)");
    }
    boolean route =
        targets.stream()
            .map(TargetRef::kind)
            .anyMatch(
                kind -> kind == TargetRef.Kind.HTTP_ROUTE || kind == TargetRef.Kind.GRPC_ROUTE);
    if (side == Side.SERVER && route) {
      spec.problem(
          "targetRefs",
          "names a route (expected: side: client, since routes are chosen in the caller's sidecar;"
              + " or a Service or Namespace)");
    }
  }

  private static Fault fault(Fields fields) {
    int percent = fields.integer("percent", 0, 100).orElse(100);
    List<Header> headers = new ArrayList<>();
    for (Fields header : fields.object("match").objects("headers")) {
      headers.add(
          new Header(
              header.requiredText("name", "a header's name").toLowerCase(Locale.ROOT),
              header.requiredText("value", "the value the header must have")));
    }
    Optional<Delay> delay = Optional.empty();
    if (fields.has("delay")) {
      Fields delayed = fields.object("delay");
      if (!delayed.has("fixed")) {
        delayed.missing("fixed", "how long at least, such as 300ms");
      }
      delay =
          Optional.of(
              new Delay(
                  delayed.duration("fixed", Duration.ZERO, HOUR).orElse(Duration.ZERO),
                  delayed.duration("jitter", Duration.ZERO, HOUR).orElse(Duration.ZERO)));
    }
    List<Effect> effects = new ArrayList<>();
    if (fields.has("abort")) {
      abort(fields.object("abort")).ifPresent(effects::add);
    }
    if (fields.flag("reset").orElse(false)) {
      effects.add(new Effect.Reset());
    }
    fields
        .bytes("truncateAfter", 0, Integer.MAX_VALUE)
        .ifPresent(bytes -> effects.add(new Effect.Truncate(bytes)));
    int named =
        (fields.has("abort") ? 1 : 0)
            + (fields.flag("reset").orElse(false) ? 1 : 0)
            + (fields.has("truncateAfter") ? 1 : 0);
    if (named > 1 || named == 0 && !fields.has("delay")) {
      fields.problem(
          "names "
              + (named == 0 ? "no fault" : named + " faults")
              + " (expected: a delay, one of abort, reset: true and truncateAfter, or a delay and"
              + " one of these)");
    }
    return new Fault(percent, headers, delay, effects.stream().findFirst());
  }

  private static Optional<Effect> abort(Fields fields) {
    if (fields.has("httpStatus") == fields.has("grpcStatus")) {
      fields.problem(
          "names "
              + (fields.has("httpStatus") ? "two statuses" : "no status")
              + " (expected: one of httpStatus and grpcStatus)");
    }
    if (fields.has("grpcStatus")) {
      return fields
          .word("grpcStatus")
          .flatMap(text -> fields.parsed("grpcStatus", text, FaultPolicyReader::grpcStatus))
          .map(Effect.AbortGrpc::new);
    }
    return fields.integer("httpStatus", 200, 599).map(Effect.AbortHttp::new);
  }

  private static int grpcStatus(String text) {
    String name = text.toLowerCase(Locale.ROOT).replace('_', '-');
    Integer code = RetryCondition.GRPC_NAMES.get(name);
    if (code == null && text.matches("[0-9]{1,2}")) {
      code = Integer.valueOf(text);
    }
    if (code == null || code < 1 || code > GRPC_STATUS_MAX) {
      throw new IllegalArgumentException(
          "\""
              + Words.shortened(text)
              + "\" (expected: a status of gRPC other than OK, such as UNAVAILABLE or 14)");
    }
    return code;
  }
}
