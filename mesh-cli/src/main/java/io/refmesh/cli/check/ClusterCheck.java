package io.refmesh.cli.check;

import io.refmesh.cli.check.Finding.Outcome;
import io.refmesh.cli.install.BadValueException;
import io.refmesh.cli.install.Installation;
import io.refmesh.cli.install.Manifests;
import io.refmesh.cli.install.Manifests.Part;
import io.refmesh.cli.install.Values;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/** The checks in their order; where the API server does not answer the others are left out. */
public final class ClusterCheck {

  private static final int MINOR_LEAST = 29;
  private static final String MISSING = " is missing";
  private static final Pattern VERSION = Pattern.compile("v1\\.(\\d+)\\..*");

  /** By which certificates are valid earlier than they are made. */
  private static final Duration SKEW_MOST = Duration.ofSeconds(20);

  private final Cluster cluster;
  private final InstantSource clock;
  private final Manifests manifests;

  /**
   * @param manifests of this version
   */
  public ClusterCheck(Cluster cluster, InstantSource clock, Manifests manifests) {
    this.cluster = cluster;
    this.clock = clock;
    this.manifests = manifests;
  }

  /** Whether the mesh could be installed. */
  public List<Finding> before() throws IOException {
    List<Finding> findings = new ArrayList<>();
    if (server(findings)) {
      rights(findings);
      free(findings);
    }
    return findings;
  }

  /** Whether this very version could be installed for a while, and removed again. */
  public List<Finding> passing() throws IOException {
    List<Finding> findings = new ArrayList<>();
    if (server(findings)) {
      rights(findings);
      List<String> wrong = new ArrayList<>();
      for (JsonNode crd : manifests.objects(manifests.defaults(), Part.CRDS)) {
        definition(crd)
            .filter(problem -> !problem.equals(MISSING))
            .ifPresent(
                problem -> wrong.add(crd.path("metadata").path("name").asString() + problem));
      }
      findings.add(
          wrong.isEmpty()
              ? Finding.ok("crds", "no kind of the mesh is known in another version")
              : Finding.failed(
                  "crds",
                  String.join("; ", wrong),
                  "the mesh of that version is installed, or was: remove it with its kinds, `mesh"
                      + " uninstall | kubectl delete -f -`, or take another cluster"));
    }
    return findings;
  }

  /** Whether the mesh that is installed is well. */
  public List<Finding> installed() throws IOException {
    List<Finding> findings = new ArrayList<>();
    if (server(findings)) {
      definitions(findings);
      objects(findings, installation(findings));
      ControlPlaneCheck control = new ControlPlaneCheck(cluster, clock);
      findings.addAll(control.findings());
      findings.addAll(
          new DataPlaneCheck(cluster, control.roots(), control.proxyImage()).findings());
    }
    return findings;
  }

  public static boolean passed(List<Finding> findings) {
    return findings.stream().noneMatch(finding -> finding.outcome() == Outcome.FAILED);
  }

  private boolean server(List<Finding> findings) throws IOException {
    Optional<JsonNode> answer = cluster.get("/version");
    if (answer.isEmpty()) {
      findings.add(
          Finding.failed(
              "api-server",
              "the address of the kubeconfig answers, but not as an API server does",
              "choose another context: kubectl config get-contexts"));
      return false;
    }
    String version = answer.get().path("gitVersion").asString("");
    Matcher matcher = VERSION.matcher(version);
    if (!matcher.matches() || Integer.parseInt(matcher.group(1)) < MINOR_LEAST) {
      findings.add(
          Finding.failed(
              "version",
              "Kubernetes " + version + " (expected: 1." + MINOR_LEAST + " or later)",
              "native sidecars are needed, which came with 1.29: upgrade the cluster"));
    } else {
      findings.add(Finding.ok("version", "Kubernetes " + version));
    }
    Instant theirs = cluster.time();
    Duration difference = Duration.between(theirs, clock.instant()).abs();
    // The server's time has no fraction.
    if (difference.minusSeconds(1).compareTo(SKEW_MOST) > 0) {
      findings.add(
          Finding.failed(
              "clock",
              "this machine's clock and the API server's differ by "
                  + difference.toSeconds()
                  + " s",
              "set both by NTP: certificates are judged by the clock, and 20 s are allowed for"));
    } else {
      findings.add(Finding.ok("clock", "clocks agree within " + SKEW_MOST.toSeconds() + " s"));
    }
    return true;
  }

  private void rights(List<Finding> findings) throws IOException {
    List<String> missing = new ArrayList<>();
    List<Kind> kinds =
        manifests.objects(manifests.defaults(), Part.ALL).stream()
            .map(Kind::of)
            .distinct()
            .toList();
    for (Kind kind : kinds) {
      if (!cluster.may("create", kind.group(), kind.plural(), kind.namespace())) {
        missing.add(kind.plural());
      }
    }
    findings.add(
        missing.isEmpty()
            ? Finding.ok("rights", "you may create everything that an installation has")
            : Finding.failed(
                "rights",
                "you may not create " + String.join(", ", missing),
                "install as somebody with the role cluster-admin, or have the missing rights"
                    + " granted"));
  }

  private void free(List<Finding> findings) throws IOException {
    findings.add(
        cluster.get(ControlPlaneCheck.DEPLOYMENT).isEmpty()
            ? Finding.ok("not-installed", "no control plane is there yet")
            : Finding.warning(
                "not-installed",
                "a control plane is there already",
                "applying the manifests again changes it; look at `mesh check`"));
  }

  private void definitions(List<Finding> findings) throws IOException {
    List<String> wrong = new ArrayList<>();
    List<JsonNode> crds = manifests.objects(manifests.defaults(), Part.CRDS);
    for (JsonNode crd : crds) {
      definition(crd)
          .ifPresent(problem -> wrong.add(crd.path("metadata").path("name").asString() + problem));
    }
    findings.add(
        wrong.isEmpty()
            ? Finding.ok("crds", crds.size() + " kinds of the mesh are known")
            : Finding.failed(
                "crds", String.join("; ", wrong), "mesh install --crds | kubectl apply -f -"));
  }

  private Optional<String> definition(JsonNode crd) throws IOException {
    Optional<JsonNode> there =
        cluster.get(
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"
                + crd.path("metadata").path("name").asString());
    if (there.isEmpty()) {
      return Optional.of(MISSING);
    }
    return schema(there.get()).equals(schema(crd))
        ? Optional.empty()
        : Optional.of(" is of another version");
  }

  private static JsonNode schema(JsonNode crd) {
    return crd.path("spec")
        .path("versions")
        .path(0)
        .path("schema")
        .path("openAPIV3Schema")
        .path("properties")
        .path("spec");
  }

  /** What was installed, with which values; the defaults where that is not known. */
  private Values installation(List<Finding> findings) throws IOException {
    Values defaults = manifests.defaults();
    Optional<JsonNode> found = cluster.get(Installation.PATH);
    if (found.isEmpty()) {
      // That it is missing is told with the objects.
      return defaults;
    }
    Installation installation;
    try {
      installation = Installation.of(found.get(), defaults);
    } catch (BadValueException e) {
      findings.add(
          Finding.failed(
              "installation",
              String.valueOf(e.getMessage()),
              "check with the mesh command of the version that was installed"));
      return defaults;
    }
    findings.add(
        installation.version().equals(manifests.version())
            ? Finding.ok("installation", "version " + installation.version())
            : Finding.warning(
                "installation",
                "version "
                    + installation.version()
                    + ", and this command is of "
                    + manifests.version(),
                "mesh upgrade | kubectl apply -f -, or the mesh command of that version"));
    return installation.values();
  }

  /** Everything that was installed is there; of roles and bindings also what they say. */
  private void objects(List<Finding> findings, Values values) throws IOException {
    List<String> wrong = new ArrayList<>();
    for (JsonNode object : manifests.objects(values, Part.WITHOUT_CRDS)) {
      Kind kind = Kind.of(object);
      String name = object.path("metadata").path("name").asString();
      Optional<JsonNode> there = cluster.get(kind.path(name));
      String title = object.path("kind").asString() + " " + name;
      if (there.isEmpty()) {
        wrong.add(title + " is missing");
        continue;
      }
      for (String field : List.of("rules", "roleRef", "subjects")) {
        if (object.has(field) && !object.path(field).equals(there.get().path(field))) {
          wrong.add(title + ": " + field + " is not what was installed");
        }
      }
    }
    findings.add(
        wrong.isEmpty()
            ? Finding.ok("objects", "everything that an installation has is there")
            : Finding.failed(
                "objects",
                String.join("; ", wrong),
                "mesh upgrade --without-crds | kubectl apply -f -; without the ConfigMap"
                    + " refmesh-installation, mesh install with the values of this installation"));
  }
}
