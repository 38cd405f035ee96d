package io.refmesh.control.inject;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

class ValidatorTest {

  private static final Path MALFORMED = Path.of("src/test/resources/golden/problems");

  private static final Set<String> KINDS =
      Set.of(
          "MeshConfig",
          "ResiliencePolicy",
          "AuthorizationPolicy",
          "RateLimitPolicy",
          "FaultPolicy",
          "EgressPolicy",
          "Detour");

  @ParameterizedTest
  @ValueSource(
      strings = {"authorization", "egress", "fault", "ratelimit", "resilience", "workload"})
  void refusesWhatTheReaderOfFilesRefusesInTheSameWords(String file) throws IOException {
    String told = Files.readString(MALFORMED.resolve(file + ".problems"));
    List<String> problems = new ArrayList<>();
    int objects = 0;
    for (JsonNode document : documents(MALFORMED.resolve(file + ".yaml"))) {
      if (KINDS.contains(document.path("kind").asString(""))) {
        objects++;
        List<String> found = Validator.problems((ObjectNode) document);
        assertThat(found).as(document.toString()).isNotEmpty();
        problems.addAll(found);
      }
    }

    assertThat(objects).isPositive();
    assertThat(problems).allSatisfy(problem -> assertThat(told).contains(problem));
  }

  @Test
  void refusesEveryObjectWithAMistakeAndNoOther() throws IOException {
    List<SchemaObjects> objects = SchemaObjects.read("shop");

    assertThat(objects)
        .allSatisfy(each -> {
          List<String> problems = Validator.problems(each.object());
          if (each.caught().equals("nobody")) {
            assertThat(problems).as(each.object().toString()).isEmpty();
          } else {
            assertThat(problems).as(each.object().toString()).isNotEmpty();
            assertThat(problems).allMatch(problem -> problem.contains("(expected: "));
          }
        });
    assertThat(objects.stream().map(SchemaObjects::caught).distinct())
        .containsExactlyInAnyOrder("nobody", "schema", "validate");
  }

  @Test
  void takesAnObjectAsAnApiServerSendsIt() {
    ObjectNode object =
        Pods.pod(
            """
            apiVersion: refmesh.io/v1alpha1
            kind: ResiliencePolicy
            metadata:
              name: cart
              namespace: shop
              uid: "1"
              generation: 3
              creationTimestamp: "2026-01-01T00:00:00Z"
              deletionGracePeriodSeconds: 0
              managedFields: [{manager: kubectl}]
              annotations: {kubectl.kubernetes.io/last-applied-configuration: "{}"}
            spec: {timeouts: {request: 2s}}
            status: {conditions: []}
            """);

    assertThat(Validator.problems(object)).isEmpty();
  }

  @Test
  void readsRoutesOfServicesAndLeavesThoseOfGatewaysToOthers() {
    String route =
        """
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: {name: cart, namespace: shop}
        spec:
          parentRefs: [PARENTS]
          rules: [{matches: [{path: {type: PathPrefix, value: items}}], backendRefs: [{group: "", kind: Service, name: cart, port: 8080, weight: 1}]}]
        """;
    String service = "{group: \"\", kind: Service, name: cart, port: 8080}";
    String gateway = "{group: gateway.networking.k8s.io, kind: Gateway, name: edge}";

    assertThat(Validator.problems(Pods.pod(route.replace("PARENTS", gateway)))).isEmpty();
    assertThat(Validator.problems(Pods.pod(route.replace("PARENTS", gateway + "," + service))))
        .containsExactly(
            "spec.rules[0].matches[0].path.value: \"items\" (expected: a path that begins with /)");
    assertThat(
            Validator.problems(
                Pods.pod(
                    route.replace("PARENTS", service).replace("value: items", "value: /items"))))
        .isEmpty();
  }

  static List<JsonNode> documents(Path file) throws IOException {
    return Pods.YAML
        .readerFor(JsonNode.class)
        .<JsonNode>readValues(Files.readString(file))
        .readAll();
  }
}
