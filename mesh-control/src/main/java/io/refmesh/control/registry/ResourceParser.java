package io.refmesh.control.registry;

import io.refmesh.model.policy.InboundPolicy;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/**
 * Reads Kubernetes-shaped YAML, several documents a file, into {@link Resource}s. Strict: what it
 * does not know, it refuses, with the place in the file and what was expected. Pure; any thread.
 */
public final class ResourceParser {

  /** Characters of one file; a folder is written by hand, so more is a mistake. */
  static final int CHARACTERS_MAX = 4 * 1024 * 1024;

  private static final String OUR_VERSION = "refmesh.io/v1alpha1";
  private static final List<String> GATEWAY_VERSIONS =
      List.of("gateway.networking.k8s.io/v1", "gateway.networking.k8s.io/v1beta1");
  private static final List<String> GATEWAY_CONNECTION_VERSIONS =
      List.of(
          "gateway.networking.k8s.io/v1alpha2",
          "gateway.networking.k8s.io/v1alpha3",
          "gateway.networking.k8s.io/v1");
  private static final String SERVED =
      "Service, Namespace, HTTPRoute, GRPCRoute, TCPRoute, TLSRoute, MeshConfig, ResiliencePolicy,"
          + " AuthorizationPolicy, RateLimitPolicy, FaultPolicy, EgressPolicy, Detour or Workload";

  // RFC 1123, as Kubernetes checks names.
  private static final Pattern NAME = Pattern.compile("[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?");
  private static final Pattern NAMESPACE = Pattern.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?");

  private ResourceParser() {}

  /** Reads one file's text; {@code file} is only named in problems and origins. */
  public static ParseResult parse(Path file, String text) {
    String name = String.valueOf(file.getFileName());
    if (text.length() > CHARACTERS_MAX) {
      Problem tooLong =
          new Problem(
              name,
              0,
              0,
              name,
              "",
              text.length()
                  + " characters (expected: at most "
                  + CHARACTERS_MAX
                  + "; split the file)");
      return new ParseResult(List.of(), List.of(tooLong));
    }
    return parse(name, text);
  }

  /**
   * Reads one object as an API server gives it, in JSON, which is YAML: its problems name no place,
   * and it is as old as the server says.
   */
  public static ParseResult parseObject(String json) {
    return parse("", json);
  }

  private static ParseResult parse(String name, String text) {
    List<Resource> resources = new ArrayList<>();
    List<Problem> problems = new ArrayList<>();
    LoadSettings settings =
        LoadSettings.builder().setLabel(name).setCodePointLimit(CHARACTERS_MAX).build();
    try {
      Iterator<Node> documents = new Compose(settings).composeAllFromString(text).iterator();
      for (int index = 0; documents.hasNext(); index++) {
        Node document = documents.next();
        if (document instanceof ScalarNode scalar && scalar.getTag().equals(Tag.NULL)) {
          continue;
        }
        Report report = new Report(name);
        int line = document.getStartMark().map(mark -> mark.getLine() + 1).orElse(0);
        Optional<? extends Resource> resource =
            read(
                Fields.of(document, "", report),
                report,
                report.ofFile() ? new Origin(name, index, line) : Origin.NO_FILE);
        List<Problem> found = report.finish();
        problems.addAll(found);
        if (found.isEmpty()) {
          resource.ifPresent(resources::add);
        }
      }
    } catch (MarkedYamlEngineException e) {
      problems.add(
          new Problem(
              name,
              e.getProblemMark().map(mark -> mark.getLine() + 1).orElse(0),
              e.getProblemMark().map(mark -> mark.getColumn() + 1).orElse(0),
              name,
              "",
              "not YAML: "
                  + e.getProblem()
                  + " (expected: documents of YAML 1.2, separated by lines of ---)"));
    } catch (YamlEngineException e) {
      problems.add(
          new Problem(
              name,
              0,
              0,
              name,
              "",
              "not YAML: " + e.getMessage() + " (expected: documents of YAML 1.2)"));
    }
    return new ParseResult(resources, problems);
  }

  private static Optional<? extends Resource> read(Fields root, Report report, Origin origin) {
    if (!report.clean()) {
      return Optional.empty();
    }
    String kind = root.requiredText("kind", SERVED);
    report.object(kind.isEmpty() ? origin.file() : kind);
    if (kind.isEmpty()) {
      root.ignore("apiVersion", "metadata", "spec", "status");
      return Optional.empty();
    }
    Optional<String> refusal = refusal(kind);
    if (refusal.isPresent()) {
      // The rest of the object cannot be judged; its name helps to find it.
      Fields metadata = root.object("metadata");
      metadata.ignoreAll();
      metadata.text("name").ifPresent(name -> report.object(kind + " " + name));
      root.ignore("apiVersion", "metadata", "spec", "status");
      root.problem("kind", refusal.get());
      return Optional.empty();
    }
    Metadata metadata = metadata(root, report, kind);
    apiVersion(root, kind);
    root.ignore("status");
    return switch (kind) {
      case "Namespace" -> {
        root.ignore("spec");
        yield Optional.of(new Namespace(metadata, origin));
      }
      case "Service" -> Optional.of(ServiceReader.read(metadata, origin, spec(root)));
      case "HTTPRoute" -> Optional.of(HttpRouteReader.read(metadata, origin, spec(root)));
      case "GRPCRoute" -> Optional.of(GrpcRouteReader.read(metadata, origin, spec(root)));
      case "TCPRoute" ->
          Optional.of(ConnectionRouteReader.read(metadata, origin, spec(root), false));
      case "TLSRoute" ->
          Optional.of(ConnectionRouteReader.read(metadata, origin, spec(root), true));
      case "MeshConfig" ->
          Optional.of(MeshConfigReader.read(metadata, origin, root.object("spec")));
      case "ResiliencePolicy" ->
          Optional.of(ResiliencePolicyReader.read(metadata, origin, spec(root)));
      case "AuthorizationPolicy" -> AuthorizationPolicyReader.read(metadata, origin, spec(root));
      case "RateLimitPolicy" ->
          Optional.of(RateLimitPolicyReader.read(metadata, origin, spec(root)));
      case "FaultPolicy" -> FaultPolicyReader.read(metadata, origin, spec(root));
      case "EgressPolicy" -> Optional.of(EgressPolicyReader.read(metadata, origin, spec(root)));
      case "Detour" -> DetourReader.read(metadata, origin, spec(root));
      default -> Optional.of(WorkloadReader.read(metadata, origin, spec(root)));
    };
  }

  private static Optional<String> refusal(String kind) {
    return switch (kind) {
      case "Namespace",
          "Service",
          "HTTPRoute",
          "GRPCRoute",
          "TCPRoute",
          "TLSRoute",
          "MeshConfig",
          "ResiliencePolicy",
          "AuthorizationPolicy",
          "RateLimitPolicy",
          "FaultPolicy",
          "EgressPolicy",
          "Detour",
          "Workload" ->
          Optional.empty();
      case "Deployment", "StatefulSet", "DaemonSet", "Pod", "Job" ->
          Optional.of(
              "\""
                  + kind
                  + "\" runs on a cluster only (expected: "
                  + SERVED
                  + "; in local mode a Workload runs processes)");
      default ->
          Optional.of(
              "unknown kind \""
                  + Words.shortened(kind)
                  + "\" (expected: "
                  + SERVED
                  + Words.closest(
                          kind,
                          List.of(
                              "Service",
                              "Namespace",
                              "HTTPRoute",
                              "GRPCRoute",
                              "TCPRoute",
                              "TLSRoute",
                              "MeshConfig",
                              "ResiliencePolicy",
                              "AuthorizationPolicy",
                              "RateLimitPolicy",
                              "FaultPolicy",
                              "EgressPolicy",
                              "Detour",
                              "Workload"))
                      .map(known -> "; did you mean " + known + "?")
                      .orElse("")
                  + ")");
    };
  }

  private static Fields spec(Fields root) {
    if (!root.has("spec")) {
      root.missing("spec", "what the object says");
    }
    return root.object("spec");
  }

  private static void apiVersion(Fields root, String kind) {
    boolean ours = false;
    List<String> expected =
        switch (kind) {
          case "Service", "Namespace" -> List.of("v1");
          case "HTTPRoute", "GRPCRoute" -> GATEWAY_VERSIONS;
          case "TCPRoute", "TLSRoute" -> GATEWAY_CONNECTION_VERSIONS;
          default -> {
            ours = true;
            yield List.of(OUR_VERSION);
          }
        };
    if (!root.has("apiVersion") && ours) {
      return;
    }
    String found = root.requiredText("apiVersion", expected.getFirst());
    if (!found.isEmpty() && !expected.contains(found)) {
      root.problem(
          "apiVersion",
          "\"" + Words.shortened(found) + "\" (expected: " + String.join(" or ", expected) + ")");
    }
  }

  // A file may be of a cluster: its time says nothing of the files beside it.
  private static Instant created(Fields metadata, Report report) {
    return report.ofFile()
        ? Instant.EPOCH
        : metadata.parsed("creationTimestamp", Instant::parse).orElse(Instant.EPOCH);
  }

  // Of an API server: who wrote what is left to it.
  private static Optional<Instant> changed(Fields metadata, Report report) {
    return report.ofFile()
        ? Optional.empty()
        : metadata.objects("managedFields").stream()
            .filter(fields -> {
              fields.ignoreAll();
              return !fields.has("subresource");
            })
            .flatMap(fields -> fields.parsed("time", Instant::parse).stream())
            .max(Instant::compareTo);
  }

  private static Metadata metadata(Fields root, Report report, String kind) {
    boolean meshConfig = kind.equals("MeshConfig");
    Fields fields = root.object("metadata");
    // What an API server adds when an object was exported from a cluster.
    fields.ignore(
        "creationTimestamp",
        "uid",
        "resourceVersion",
        "managedFields",
        "ownerReferences",
        "finalizers");
    String name =
        meshConfig ? fields.text("name").orElse(MeshConfig.NAME) : fields.text("name").orElse("");
    String namespace =
        kind.equals("Namespace")
            ? name
            : fields.text("namespace").orElse(meshConfig ? MeshConfig.SYSTEM_NAMESPACE : "default");
    report.object(kind + " " + (kind.equals("Namespace") ? name : namespace + "/" + name));
    if (name.isEmpty()) {
      fields.missing("name", "the object's name");
    } else if (!NAME.matcher(name).matches()) {
      fields.problem(
          "name",
          "\""
              + Words.shortened(name)
              + "\" (expected: lower case letters, digits, - and ., at most 253 characters)");
    }
    if (!NAMESPACE.matcher(namespace).matches() && !(kind.equals("Namespace") && name.isEmpty())) {
      fields.problem(
          "namespace",
          "\""
              + Words.shortened(namespace)
              + "\" (expected: lower case letters, digits and -, at most 63 characters)");
    }
    if (meshConfig
        && !(name.equals(MeshConfig.NAME) && namespace.equals(MeshConfig.SYSTEM_NAMESPACE))) {
      fields.problem(
          "\""
              + namespace
              + "/"
              + name
              + "\" (expected: one MeshConfig, named mesh, in refmesh-system; metadata may be left"
              + " out)");
    }
    int generation = fields.integer("generation", 0, Integer.MAX_VALUE).orElse(0);
    Map<String, String> labels = fields.textMap("labels");
    Map<String, String> annotations = fields.textMap("annotations");
    if (annotations.containsKey(Annotations.DEFAULT_INBOUND_POLICY)) {
      fields
          .object("annotations")
          .parsed(Annotations.DEFAULT_INBOUND_POLICY, InboundPolicy.Default::parse);
    }
    return new Metadata(
        namespace,
        name,
        created(fields, report),
        changed(fields, report),
        generation,
        labels,
        annotations);
  }
}
