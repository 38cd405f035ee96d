package io.refmesh.control.build;

import io.refmesh.control.registry.GrpcRoute;
import io.refmesh.control.registry.HttpRoute;
import io.refmesh.control.registry.MeshConfig;
import io.refmesh.control.registry.Metadata;
import io.refmesh.control.registry.Problem;
import io.refmesh.control.registry.RequestRoute;
import io.refmesh.control.registry.ResiliencePolicy;
import io.refmesh.control.registry.ResiliencePolicy.BalancerFields;
import io.refmesh.control.registry.ResiliencePolicy.EjectionFields;
import io.refmesh.control.registry.ResiliencePolicy.LimitFields;
import io.refmesh.control.registry.ResiliencePolicy.RetryFields;
import io.refmesh.control.registry.ResiliencePolicy.Settings;
import io.refmesh.control.registry.ResiliencePolicy.TimeoutFields;
import io.refmesh.control.registry.Service;
import io.refmesh.control.registry.TargetRef;
import io.refmesh.control.state.ClusterState;
import io.refmesh.model.policy.BackendSettings;
import io.refmesh.model.policy.RetryCondition;
import io.refmesh.model.policy.RetrySettings;
import io.refmesh.model.policy.Timeouts;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Which resilience settings hold where. Field by field the most specific policy wins: rule, route,
 * Service, Namespace, mesh; of two with the same target the older.
 */
final class PolicyMerge {

  /** Tries beyond the first when a policy asks for retries without saying how many. */
  private static final int ATTEMPTS = 2;

  /**
   * What is retried when a policy asks for retries without saying on what: failures that a second
   * try is likely to mend.
   */
  private static final List<RetryCondition> CONDITIONS =
      List.of(
          new RetryCondition.ConnectFailure(),
          new RetryCondition.RefusedStream(),
          new RetryCondition.Reset(),
          new RetryCondition.Status(502, 504));

  /** What Gateway API retries besides the codes of a rule's {@code retry}. */
  private static final List<RetryCondition> CONNECTION_FAILURES =
      List.of(
          new RetryCondition.ConnectFailure(),
          new RetryCondition.RefusedStream(),
          new RetryCondition.Reset(),
          new RetryCondition.PerTryTimeout());

  /** One place that policies attach to; the section is a rule of a route. */
  record Attachment(TargetRef.Kind kind, String namespace, String name, String section) {}

  static final Attachment MESH = new Attachment(TargetRef.Kind.NAMESPACE, "", "", "");

  private final Map<Attachment, Settings> settings = new HashMap<>();

  PolicyMerge(ClusterState state, List<Problem> problems) {
    Map<Attachment, ResiliencePolicy> oldest = new HashMap<>();
    for (ResiliencePolicy policy : state.resiliencePolicies()) {
      List<Attachment> attachments = attachments(policy.metadata(), policy.targetRefs());
      for (int index = 0; index < attachments.size(); index++) {
        Attachment attachment = attachments.get(index);
        String field = policy.targetRefs().isEmpty() ? "" : "spec.targetRefs[" + index + "]";
        Optional<String> missing = missing(state, attachment);
        if (missing.isPresent()) {
          problems.add(policy.problem(field, missing.get()));
          continue;
        }
        requireServed(policy, attachment, problems);
        ResiliencePolicy older = oldest.putIfAbsent(attachment, policy);
        if (older != null) {
          problems.add(
              policy.problem(
                  field,
                  "has the same target as "
                      + older.metadata().qualifiedName()
                      + ", which is older and wins where both say something (expected: one policy"
                      + " for one target)"));
        }
        settings.merge(attachment, policy.settings(), Settings::orElse);
      }
    }
  }

  /** What holds for calls to a service that no rule of a route is about. */
  Settings forService(Service service) {
    String namespace = service.metadata().namespace();
    return at(TargetRef.Kind.SERVICE, namespace, service.metadata().name(), "")
        .orElse(at(TargetRef.Kind.NAMESPACE, namespace, namespace, ""))
        .orElse(settings.getOrDefault(MESH, Settings.NONE));
  }

  /** What holds for one rule of a route of a service, its own timeouts and retry first. */
  Settings forRule(Service parent, RequestRoute route, HttpRoute.Rule rule) {
    TargetRef.Kind kind = kind(route);
    String namespace = route.metadata().namespace();
    String name = route.metadata().name();
    Settings named = rule.name().isEmpty() ? Settings.NONE : at(kind, namespace, name, rule.name());
    return named.orElse(at(kind, namespace, name, "")).orElse(forService(parent));
  }

  static TargetRef.Kind kind(RequestRoute route) {
    return switch (route) {
      case HttpRoute http -> TargetRef.Kind.HTTP_ROUTE;
      case GrpcRoute grpc -> TargetRef.Kind.GRPC_ROUTE;
    };
  }

  static Timeouts timeouts(Settings settings, Optional<HttpRoute.Rule> rule) {
    TimeoutFields fields = settings.timeouts();
    return new Timeouts(
        rule.flatMap(HttpRoute.Rule::requestTimeout)
            .or(fields::request)
            .orElse(Timeouts.NONE.request()),
        rule.flatMap(HttpRoute.Rule::backendRequestTimeout)
            .or(fields::perTry)
            .orElse(Timeouts.NONE.perTry()),
        fields.idle().orElse(Timeouts.NONE.idle()));
  }

  /** Retries are off unless somebody said how many or on what. */
  static Optional<RetrySettings> retry(Settings settings, Optional<HttpRoute.Rule> rule) {
    RetryFields fields = settings.retry();
    Optional<HttpRoute.Retry> own = rule.flatMap(HttpRoute.Rule::retry);
    int attempts = own.flatMap(HttpRoute.Retry::attempts).or(fields::attempts).orElse(ATTEMPTS);
    boolean asked = own.isPresent() || fields.attempts().isPresent() || fields.on().isPresent();
    List<RetryCondition> on = conditions(own, fields);
    if (!asked || attempts == 0 || on.isEmpty()) {
      return Optional.empty();
    }
    Duration base =
        own.flatMap(HttpRoute.Retry::backoff)
            .or(fields::backoffBase)
            .orElse(RetrySettings.BACKOFF_BASE);
    Duration max = fields.backoffMax().orElse(RetrySettings.BACKOFF_MAX);
    RetrySettings.Budget budget = RetrySettings.Budget.DEFAULT;
    return Optional.of(
        new RetrySettings(
            attempts,
            on,
            fields.nonIdempotent().orElse(false),
            base,
            max.compareTo(base) < 0 ? base : max,
            fields.bodyLimitBytes().orElse(RetrySettings.BODY_LIMIT_BYTES),
            new RetrySettings.Budget(
                fields.budgetPercent().orElse(budget.percent()),
                fields.budgetMinPerSecond().orElse(budget.minPerSecond()),
                fields.budgetWindow().orElse(budget.window()))));
  }

  static BackendSettings backend(Settings settings) {
    BackendSettings.Balancer balancer = BackendSettings.Balancer.DEFAULT;
    BackendSettings.Ejection ejection = BackendSettings.Ejection.DEFAULT;
    BackendSettings.Limits limits = BackendSettings.Limits.DEFAULT;
    BalancerFields balancing = settings.balancer();
    EjectionFields ejecting = settings.ejection();
    LimitFields limiting = settings.limits();
    return new BackendSettings(
        new BackendSettings.Balancer(
            balancing.algorithm().orElse(balancer.algorithm()),
            balancing.hash().orElse(balancer.hash()),
            balancing.slowStart().orElse(balancer.slowStart()),
            balancing.preferZone().orElse(balancer.preferZone())),
        new BackendSettings.Ejection(
            ejecting.consecutiveFailures().orElse(ejection.consecutiveFailures()),
            ejecting.successPercent().orElse(ejection.successPercent()),
            ejecting.successWindow().orElse(ejection.successWindow()),
            ejecting.successMinRequests().orElse(ejection.successMinRequests()),
            ejecting.backoffBase().orElse(ejection.backoffBase()),
            ejecting.backoffMax().orElse(ejection.backoffMax()),
            ejecting.jitterPercent().orElse(ejection.jitterPercent()),
            ejecting.maxEjectedPercent().orElse(ejection.maxEjectedPercent())),
        new BackendSettings.Limits(
            limiting.inFlight().orElse(limits.inFlight()),
            limiting.adaptive().orElse(limits.adaptive()),
            limiting.connections().orElse(limits.connections()),
            limiting.pending().orElse(limits.pending())),
        settings.timeouts().connect().orElse(BackendSettings.DEFAULT.connectTimeout()));
  }

  private static List<RetryCondition> conditions(
      Optional<HttpRoute.Retry> own, RetryFields fields) {
    if (own.isPresent() && !own.get().codes().isEmpty()) {
      List<RetryCondition> on = new ArrayList<>();
      own.get().codes().forEach(code -> on.add(new RetryCondition.Status(code, code)));
      on.addAll(CONNECTION_FAILURES);
      return on;
    }
    return fields.on().orElse(own.isPresent() ? CONNECTION_FAILURES : CONDITIONS);
  }

  private Settings at(TargetRef.Kind kind, String namespace, String name, String section) {
    return settings.getOrDefault(new Attachment(kind, namespace, name, section), Settings.NONE);
  }

  static List<Attachment> attachments(Metadata metadata, List<TargetRef> targetRefs) {
    String namespace = metadata.namespace();
    if (targetRefs.isEmpty()) {
      return List.of(
          namespace.equals(MeshConfig.SYSTEM_NAMESPACE)
              ? MESH
              : new Attachment(TargetRef.Kind.NAMESPACE, namespace, namespace, ""));
    }
    return targetRefs.stream()
        .map(
            target -> new Attachment(target.kind(), namespace, target.name(), target.sectionName()))
        .toList();
  }

  /** Why there is nothing to attach to; empty when there is. */
  static Optional<String> missing(ClusterState state, Attachment attachment) {
    String name = attachment.namespace + "/" + attachment.name;
    return switch (attachment.kind) {
      case NAMESPACE -> Optional.empty();
      case SERVICE ->
          state.services().containsKey(name)
              ? Optional.empty()
              : Optional.of(
                  "there is no Service "
                      + name
                      + " (expected: an existing Service; the policy has no effect there)");
      case HTTP_ROUTE, GRPC_ROUTE -> {
        Optional<RequestRoute> route =
            state.routes().stream()
                .filter(RequestRoute.class::isInstance)
                .map(RequestRoute.class::cast)
                .filter(r -> kind(r) == attachment.kind)
                .filter(r -> r.metadata().qualifiedName().equals(name))
                .findFirst();
        if (route.isEmpty()) {
          yield Optional.of(
              "there is no "
                  + attachment.kind.text()
                  + " "
                  + name
                  + " (expected: an existing route; the policy has no effect there)");
        }
        yield attachment.section.isEmpty()
                || route.get().rules().stream()
                    .anyMatch(rule -> rule.name().equals(attachment.section))
            ? Optional.empty()
            : Optional.of(
                "the "
                    + attachment.kind.text()
                    + " "
                    + name
                    + " has no rule named "
                    + attachment.section
                    + " (expected: the name of one of its rules)");
      }
    };
  }

  // Endpoints and their health are shared by all routes to a service, so these settings cannot
  // differ by route.
  private static void requireServed(
      ResiliencePolicy policy, Attachment attachment, List<Problem> problems) {
    Settings settings = policy.settings();
    boolean route =
        attachment.kind == TargetRef.Kind.HTTP_ROUTE
            || attachment.kind == TargetRef.Kind.GRPC_ROUTE;
    if (route
        && (!settings.ejection().equals(EjectionFields.NONE)
            || !settings.balancer().equals(BalancerFields.NONE)
            || !settings.limits().equals(LimitFields.NONE)
            || settings.timeouts().connect().isPresent())) {
      problems.add(
          policy.problem(
              "spec",
              "ejection, balancer, limits and timeouts.connect belong to a service's endpoints and"
                  + " have no effect on a route (expected: a policy for the Service that says"
                  + " them)"));
    }
  }
}
