package io.refmesh.control.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.control.build.RouteStatus;
import io.refmesh.control.registry.Contents;
import io.refmesh.control.registry.Problem;
import io.refmesh.control.registry.ResourceParser;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is written into routes, when, and what is left alone. */
class StatusWriterTest {

  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00.5Z");

  private final FakeApi api =
      new FakeApi(
          Arrays.stream(Kind.values())
              .filter(kind -> kind.ours() || kind == Kind.HTTP_ROUTE)
              .toArray(Kind[]::new));
  private final KubernetesRegistry registry =
      new KubernetesRegistry(
          api,
          InstantSource.fixed(NOW),
          new SplittableRandom(1),
          health -> {},
          new Pace(
              Duration.ofMillis(1),
              Duration.ofMillis(20),
              Duration.ofMinutes(1),
              Duration.ofSeconds(5),
              Duration.ofMinutes(1)));
  private final AtomicBoolean leading = new AtomicBoolean(true);
  private final BlockingQueue<String> results = new LinkedBlockingQueue<>();
  private final List<AutoCloseable> opened = Collections.synchronizedList(new ArrayList<>());

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable part : opened) {
      part.close();
    }
    registry.close();
  }

  @Test
  void writesTheConditionsOfEachParentUponTheVersionThatWasJudged() throws Exception {
    api.put(Kind.HTTP_ROUTE, route(3, ""));
    writer().judged(Contents.EMPTY, List.of(accepted(3)), List.of());

    assertThat(api.nextPatch())
        .isEqualTo(
            "HTTPRoute shop/cart"
                + " {\"metadata\":{\"resourceVersion\":\"101\"},\"status\":{\"parents\":"
                + "[{\"parentRef\":{\"kind\":\"Service\",\"name\":\"cart\",\"port\":80},"
                + "\"controllerName\":\"refmesh.io/control-plane\",\"conditions\":["
                + "{\"type\":\"Accepted\",\"status\":\"True\",\"reason\":\"Accepted\",\"message\":\"\","
                + "\"observedGeneration\":3,\"lastTransitionTime\":\"2026-11-23T12:00:00Z\"},"
                + "{\"type\":\"ResolvedRefs\",\"status\":\"True\",\"reason\":\"ResolvedRefs\","
                + "\"message\":\"\",\"observedGeneration\":3,"
                + "\"lastTransitionTime\":\"2026-11-23T12:00:00Z\"}]}]}}");
    assertThat(results.poll(5, TimeUnit.SECONDS)).isEqualTo("written");
  }

  @Test
  void writesNothingWhereItStandsAlready() throws Exception {
    api.put(Kind.HTTP_ROUTE, route(3, status("3", "2026-01-01T00:00:00Z")));
    StatusWriter writer = writer();
    writer.judged(Contents.EMPTY, List.of(accepted(3)), List.of());
    provoke(writer);

    assertThat(api.maybePatch()).isEmpty();
  }

  @Test
  void keepsSinceWhenAConditionHolds() throws Exception {
    api.put(Kind.HTTP_ROUTE, route(4, status("3", "2026-01-01T00:00:00Z")));
    writer().judged(Contents.EMPTY, List.of(accepted(4)), List.of());

    assertThat(api.nextPatch())
        .contains("\"observedGeneration\":4,\"lastTransitionTime\":\"2026-01-01T00:00:00Z\"");
  }

  @Test
  void leavesWhatOtherControllersWrote() throws Exception {
    String other = "{parentRef: {name: gate}, controllerName: example.com/gate, conditions: []}";
    api.put(Kind.HTTP_ROUTE, route(3, "status: {parents: [" + other + "]}"));
    writer().judged(Contents.EMPTY, List.of(accepted(3)), List.of());

    assertThat(api.nextPatch())
        .contains(
            "\"parents\":[{\"parentRef\":{\"name\":\"gate\"},\"controllerName\":\"example.com/gate\"");
  }

  @Test
  void saysOfAVersionThatCannotBeReadWhatIsWrongWithIt() throws Exception {
    api.put(Kind.HTTP_ROUTE, route(4, ""));
    Problem problem =
        new Problem("", 0, 0, "HTTPRoute shop/cart", "spec.rules", "no (expected: yes)");
    writer()
        .judged(new Contents(List.of(), List.of(problem)), List.of(accepted(3)), List.of(problem));

    assertThat(api.nextPatch())
        .contains(
            "{\"type\":\"Accepted\",\"status\":\"False\",\"reason\":\"UnsupportedValue\","
                + "\"message\":\"spec.rules: no (expected: yes)\",\"observedGeneration\":4,")
        .doesNotContain("ResolvedRefs");
  }

  @Test
  void saysNothingOfAVersionThatWasNotJudgedYet() throws Exception {
    api.put(Kind.HTTP_ROUTE, route(4, ""));
    StatusWriter writer = writer();
    writer.judged(Contents.EMPTY, List.of(accepted(3)), List.of());
    provoke(writer);

    assertThat(api.maybePatch()).isEmpty();
  }

  @Test
  void writesOnlyAsLongAsItLeads() throws Exception {
    api.put(Kind.HTTP_ROUTE, route(3, ""));
    leading.set(false);
    StatusWriter writer = writer();
    writer.judged(Contents.EMPTY, List.of(accepted(3)), List.of());
    writer.judged(Contents.EMPTY, List.of(accepted(3)), List.of());
    assertThat(results.poll(50, TimeUnit.MILLISECONDS)).isNull();

    leading.set(true);
    writer.judged(Contents.EMPTY, List.of(accepted(3)), List.of());
    assertThat(api.nextPatch()).contains("Accepted");
  }

  @Test
  void triesAgainWhatWasChangedInTheMeantime() throws Exception {
    api.put(Kind.HTTP_ROUTE, route(3, ""));
    api.failPatches(new ApiFailure(409, "the object has been modified"));
    StatusWriter writer = writer();
    writer.judged(Contents.EMPTY, List.of(accepted(3)), List.of());
    assertThat(results.poll(5, TimeUnit.SECONDS)).isEqualTo("conflict");

    api.failPatches(null);
    writer.judged(Contents.EMPTY, List.of(accepted(3)), List.of());
    assertThat(api.nextPatch()).contains("Accepted");
  }

  @Test
  void saysOfOurKindsThatTheyHoldOrWhatIsWrong() throws Exception {
    api.put(Kind.RATE_LIMIT_POLICY, policy(2));
    StatusWriter writer = writer();
    Contents read =
        new Contents(
            ResourceParser.parseObject(Manifests.of(policy(2)).toString()).resources(), List.of());
    assertThat(read.resources()).hasSize(1);
    writer.judged(read, List.of(), List.of());

    String name = "RateLimitPolicy shop/cart ";
    assertThat(api.nextPatch())
        .startsWith(name)
        .contains("{\"type\":\"Accepted\",\"status\":\"True\"", "\"observedGeneration\":2,");

    Problem problem =
        new Problem("", 0, 0, name.strip(), "spec.targetRefs[0]", "there is no Service shop/cart");
    writer.judged(read, List.of(), List.of(problem));
    assertThat(api.nextPatch())
        .contains(
            "{\"type\":\"Accepted\",\"status\":\"False\",\"reason\":\"Invalid\","
                + "\"message\":\"spec.targetRefs[0]: there is no Service shop/cart\"");

    // A version that was neither read nor refused yet is not spoken of.
    api.nextWatch(Kind.RATE_LIMIT_POLICY);
    api.put(Kind.RATE_LIMIT_POLICY, policy(3));
    provoke(writer);
    assertThat(api.maybePatch()).isEmpty();
  }

  private static String policy(int generation) {
    return """
    apiVersion: refmesh.io/v1alpha1
    kind: RateLimitPolicy
    metadata: {name: cart, namespace: shop, generation: %d}
    spec:
      targetRefs: [{kind: Service, name: cart}]
      total: {requestsPerSecond: 10}
    """
        .formatted(generation);
  }

  private StatusWriter writer() throws Exception {
    registry.load();
    StatusWriter writer = registry.writeStatus(leading::get, results::add);
    opened.add(writer);
    return writer;
  }

  /** Another route, whose write shows that the first was looked at. */
  private void provoke(StatusWriter writer) throws Exception {
    api.nextWatch(Kind.HTTP_ROUTE);
    api.put(
        Kind.HTTP_ROUTE, route(9, "").replace("name: cart, namespace", "name: zebra, namespace"));
    RouteStatus.Parent parent = accepted(9).parents().getFirst();
    writer.judged(
        Contents.EMPTY,
        List.of(accepted(3), new RouteStatus("HTTPRoute", "shop", "zebra", List.of(parent))),
        List.of());
    assertThat(api.nextPatch()).startsWith("HTTPRoute shop/zebra");
  }

  private static RouteStatus accepted(int generation) {
    return new RouteStatus(
        "HTTPRoute",
        "shop",
        "cart",
        List.of(
            new RouteStatus.Parent(
                "shop/cart",
                80,
                List.of(
                    new RouteStatus.Condition("Accepted", "True", "Accepted", "", generation),
                    new RouteStatus.Condition(
                        "ResolvedRefs", "True", "ResolvedRefs", "", generation)))));
  }

  private static String status(String generation, String since) {
    String condition =
        "{type: %s, status: \"True\", reason: %s, message: \"\", observedGeneration: "
            + generation
            + ", lastTransitionTime: \""
            + since
            + "\"}";
    return "status: {parents: [{parentRef: {kind: Service, name: cart, port: 80}, controllerName:"
        + " refmesh.io/control-plane, conditions: ["
        + condition.formatted("Accepted", "Accepted")
        + ", "
        + condition.formatted("ResolvedRefs", "ResolvedRefs")
        + "]}]}";
  }

  private static String route(int generation, String status) {
    return """
    kind: HTTPRoute
    metadata: {name: cart, namespace: shop, generation: %d}
    spec:
      parentRefs: [{kind: Service, name: cart, port: 80}]
      rules: [{backendRefs: [{name: cart, port: 80}]}]
    %s
    """
        .formatted(generation, status);
  }
}
