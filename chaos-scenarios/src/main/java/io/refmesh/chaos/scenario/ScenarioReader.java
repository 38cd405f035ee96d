package io.refmesh.chaos.scenario;

import io.refmesh.chaos.expect.Expression;
import io.refmesh.chaos.scenario.Expectation.Share;
import io.refmesh.chaos.scenario.Expectation.Window;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.snakeyaml.engine.v2.nodes.Node;

/**
 * Reads a scenario, strictly: what it does not know, it refuses, with the place and what was
 * expected.
 */
public final class ScenarioReader {

  static final String VERSION = "chaos.refmesh.io/v1alpha1";

  /** Longest window; a run is meant to be watched. */
  private static final Duration WINDOW_MAX = Duration.ofMinutes(10);

  /** How much longer than its window a fault may hold when nobody ends it. */
  private static final Duration TTL_SPARE = Duration.ofSeconds(30);

  private static final Duration STEADY_WITHIN = Duration.ofSeconds(15);

  private static final Pattern ID = Pattern.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");
  private static final Pattern RATE = Pattern.compile("([0-9]{1,5}(?:\\.[0-9]{1,3})?)/s");
  private static final Pattern SHARE =
      Pattern.compile("client\\.([a-z0-9-]+)\\.(successRate|errorRate)");
  private static final Pattern OF_STREAM =
      Pattern.compile("(?:before\\.)?client\\.([a-z0-9*-]+)\\..*");

  private final Findings findings;
  private final Fields root;
  private final String source;

  private ScenarioReader(String source, Fields root, Findings findings) {
    this.source = source;
    this.root = root;
    this.findings = findings;
  }

  /** Reads one file's text; {@code file} is only named in mistakes. */
  public static Scenario read(String file, String text) throws BadScenarioException {
    Findings findings = new Findings(file);
    Fields root = Fields.of(YamlDocument.compose(file, text), "", findings);
    Scenario scenario = new ScenarioReader(text, root, findings).read();
    root.finish();
    YamlDocument.throwIfAny(findings);
    return scenario;
  }

  static void requireKind(Fields root, String kind) {
    if (!root.has("apiVersion")) {
      root.missing("apiVersion", VERSION);
    }
    root.oneOf("apiVersion", VERSION);
    if (!root.has("kind")) {
      root.missing("kind", kind);
    }
    root.oneOf("kind", kind);
  }

  private Scenario read() {
    requireKind(root, "Scenario");
    Fields metadata = root.object("metadata");
    String name = id(metadata, "name");
    String title = metadata.requiredText("title", "one line for people");
    String story = metadata.requiredText("story", "what it shows, one paragraph for people");
    List<String> tags = metadata.texts("tags");
    int tier = root.object("requires").number("tier", 0, 9).orElse(0L).intValue();
    String group = root.object("topology").text("group").orElse("default");
    List<MeshResource> policies = MeshResourceReader.read(root, "policies", findings);
    List<Hop> hops = unique("hops", root.objects("hops"), this::hop, Hop::id);
    List<LoadStream> load = unique("load", root.objects("load"), this::stream, LoadStream::id);
    Set<String> streams = load.stream().map(LoadStream::id).collect(Collectors.toSet());
    SteadyState steadyState = steadyState(root.object("steadyState"), streams);
    Windows windows =
        windows(
            root,
            new Windows(
                Duration.ofSeconds(3),
                Duration.ofSeconds(8),
                Duration.ZERO,
                Duration.ofSeconds(3)));
    List<FaultPlan> faults = faults(root, windows, hops);
    List<Expectation> expectations =
        unique(
            "expect",
            root.objects("expect"),
            fields -> expectation(fields, streams),
            Expectation::id);
    Set<String> ids = expectations.stream().map(Expectation::id).collect(Collectors.toSet());
    List<Control> controls =
        unique(
            "negativeControls",
            root.objects("negativeControls"),
            fields -> control(fields, windows, hops, ids),
            Control::name);
    if (load.isEmpty()) {
      root.missing("load", "at least one stream; without load nothing is shown");
    }
    if (expectations.isEmpty()) {
      root.missing("expect", "at least one expectation");
    }
    if (controls.isEmpty()) {
      root.missing(
          "negativeControls", "at least one way to break the mesh in which the scenario must fail");
    }
    return new Scenario(
        source,
        name,
        title,
        story,
        tags,
        tier,
        group,
        policies,
        hops,
        load,
        steadyState,
        windows,
        faults,
        expectations,
        controls);
  }

  private Hop hop(Fields fields) {
    String id = id(fields, "id");
    Hop.Kind kind =
        fields
            .oneOf("kind", "toxiproxy", "capture", "rogue")
            .map(text -> Hop.Kind.valueOf(text.toUpperCase(Locale.ROOT)))
            .orElse(Hop.Kind.TOXIPROXY);
    String service = fields.requiredText("service", "the service whose callers come through");
    Optional<String> identity = fields.text("identity");
    if (kind == Hop.Kind.ROGUE && identity.isEmpty()) {
      fields.missing("identity", "the service account that the rogue proves to be");
    }
    return new Hop(
        id,
        kind,
        service,
        fields.text("workload").orElse(service),
        fields.number("endpoint", 0, 99).orElse(0L).intValue(),
        port(fields),
        identity);
  }

  private LoadStream stream(Fields fields) {
    return new LoadStream(
        id(fields, "id"),
        fields.requiredText("to", "a service of the shop"),
        port(fields),
        fields.oneOf("method", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE").orElse("GET"),
        fields.requiredText("path", "a path, such as /items"),
        fields.oneOf("protocol", "http1", "h2c").orElse("http1"),
        rate(fields),
        fields.number("bodyBytes", 0, 10 * 1024 * 1024).orElse(0L).intValue(),
        fields.textMap("headers"),
        fields.duration("timeout").orElse(Duration.ofSeconds(5)),
        fields.flag("newConnectionEach").orElse(false),
        fields.number("expectBodyBytes", 0, 1L << 30));
  }

  private static double rate(Fields fields) {
    if (!fields.has("rate")) {
      fields.missing("rate", "requests per second, such as 80/s");
    }
    return fields
        .parsed(
            "rate",
            text -> {
              Matcher matcher = RATE.matcher(text);
              if (!matcher.matches() || Double.parseDouble(matcher.group(1)) <= 0) {
                throw new IllegalArgumentException(
                    "\"" + text + "\" (expected: requests per second, such as 80/s)");
              }
              return Double.parseDouble(matcher.group(1));
            })
        .orElse(1.0);
  }

  private static int port(Fields fields) {
    return fields.number("port", 1, 65_535).orElse(8080L).intValue();
  }

  private Windows windows(Fields owner, Windows otherwise) {
    Fields fields = owner.object("windows");
    return new Windows(
        window(fields, "before", otherwise.before()),
        window(fields, "during", otherwise.during()),
        window(fields, "overhang", otherwise.overhang()),
        window(fields, "after", otherwise.after()));
  }

  private static Duration window(Fields fields, String name, Duration otherwise) {
    Duration length = fields.duration(name).orElse(otherwise);
    if (fields.has(name) && length.compareTo(WINDOW_MAX) > 0) {
      fields.problem(
          name, length.toSeconds() + "s (expected: at most " + WINDOW_MAX.toMinutes() + "m)");
    }
    return length;
  }

  private List<FaultPlan> faults(Fields owner, Windows windows, List<Hop> hops) {
    return unique(
        "faults", owner.objects("faults"), fields -> fault(fields, windows, hops), FaultPlan::id);
  }

  private FaultPlan fault(Fields fields, Windows windows, List<Hop> hops) {
    String id = id(fields, "id");
    Duration at = fields.duration("at").orElse(Duration.ZERO);
    Optional<Duration> lasting = fields.duration("for");
    Duration needed = at.plus(lasting.orElse(windows.during().plus(windows.overhang()).minus(at)));
    Duration ttl = fields.duration("ttl").orElse(needed.plus(TTL_SPARE));
    if (at.compareTo(windows.during()) > 0) {
      fields.problem("at", at.toMillis() + "ms (expected: inside the window during)");
    }
    if (ttl.compareTo(needed) < 0) {
      fields.problem(
          "ttl",
          ttl.toMillis()
              + "ms (expected: at least the "
              + needed.toMillis()
              + "ms that the fault lasts)");
    }
    List<FaultPlan.Action> actions = new ArrayList<>();
    if (fields.has("toxic")) {
      actions.add(toxic(fields.object("toxic"), hops));
    }
    if (fields.has("behaviour")) {
      Fields behaviour = fields.object("behaviour");
      if (!behaviour.has("rules")) {
        behaviour.missing("rules", "rules as the shop's admin port takes them");
      }
      List<Node> rules = behaviour.items("rules");
      actions.add(
          new FaultPlan.Behaviour(
              target(behaviour),
              rules.stream()
                  .<@org.jspecify.annotations.Nullable Object>map(Fields::plain)
                  .toList()));
    }
    if (fields.has("resources")) {
      actions.add(new FaultPlan.Resources(MeshResourceReader.read(fields, "resources", findings)));
    }
    if (fields.has("controlPlane")) {
      fields.oneOf("controlPlane", "kill");
      actions.add(new FaultPlan.ControlPlaneAway());
    }
    if (fields.has("sidecar")) {
      Fields sidecar = fields.object("sidecar");
      sidecar.oneOf("action", "kill");
      actions.add(new FaultPlan.SidecarKill(target(sidecar)));
    }
    if (fields.has("restart")) {
      Fields restart = fields.object("restart");
      actions.add(
          new FaultPlan.Restart(
              restart.requiredText("workload", "a workload of the shop"),
              restart.flag("drain").orElse(true)));
    }
    if (fields.has("intruder")) {
      actions.add(intruder(fields.object("intruder")));
    }
    if (actions.size() != 1) {
      fields.missing(
          "toxic",
          "exactly one of toxic, behaviour, resources, controlPlane, sidecar, restart and intruder; found "
              + actions.size());
    }
    return new FaultPlan(
        id,
        at,
        lasting,
        ttl,
        actions.isEmpty() ? new FaultPlan.ControlPlaneAway() : actions.getFirst());
  }

  private FaultPlan.Toxic toxic(Fields fields, List<Hop> hops) {
    String hop = fields.requiredText("hop", "the id of a hop of kind toxiproxy");
    if (hops.stream().noneMatch(h -> h.id().equals(hop) && h.kind() == Hop.Kind.TOXIPROXY)) {
      fields.problem("hop", "\"" + hop + "\" (expected: the id of a hop of kind toxiproxy)");
    }
    return new FaultPlan.Toxic(
        hop,
        fields
            .oneOf(
                "type",
                "latency",
                "bandwidth",
                "slow_close",
                "timeout",
                "reset_peer",
                "slicer",
                "limit_data")
            .orElseGet(() -> {
              if (!fields.has("type")) {
                fields.missing("type", "a toxic of Toxiproxy, such as latency");
              }
              return "";
            }),
        fields.oneOf("stream", "downstream", "upstream").orElse("downstream"),
        fields.numbers("attributes"),
        fields.oneOf("connections", "all", "existing").orElse("all").equals("existing"));
  }

  private static FaultPlan.Target target(Fields fields) {
    List<String> workloads = new ArrayList<>(fields.texts("workloads"));
    fields.text("workload").ifPresent(workloads::add);
    if (workloads.isEmpty()) {
      fields.missing("workload", "a workload of the shop, or workloads");
    }
    return new FaultPlan.Target(workloads, fields.number("count", 1, 100).map(Long::intValue));
  }

  private static FaultPlan.Intrusion intruder(Fields fields) {
    return new FaultPlan.Intrusion(
        fields
            .oneOf("kind", "plaintext", "foreign-ca", "expired-leaf")
            .map(
                text -> FaultPlan.Intruder.valueOf(text.toUpperCase(Locale.ROOT).replace('-', '_')))
            .orElseGet(() -> {
              if (!fields.has("kind")) {
                fields.missing("kind", "plaintext, foreign-ca or expired-leaf");
              }
              return FaultPlan.Intruder.PLAINTEXT;
            }),
        fields.requiredText("workload", "the workload whose sidecar is attacked"),
        port(fields),
        fields.number("perSecond", 1, 100).orElse(5L).intValue());
  }

  private Expectation expectation(Fields fields, Set<String> streams) {
    String id = id(fields, "id");
    String says = fields.requiredText("says", "a sentence for people");
    Window window =
        fields
            .oneOf("window", "before", "during", "after", "all")
            .map(text -> Window.valueOf(text.toUpperCase(Locale.ROOT)))
            .orElse(Window.DURING);
    Duration skip = fields.duration("skip").orElse(Duration.ZERO);
    String that = fields.requiredText("that", "a condition, such as client.browse.errors == 0");
    Expression condition = condition(fields, that, streams);
    Optional<Share> tolerance = Optional.empty();
    if (fields.oneOf("tolerance", "binomial").isPresent()) {
      tolerance = share(condition);
      if (tolerance.isEmpty()) {
        fields.problem(
            "tolerance",
            "binomial (expected: a condition of the form client.STREAM.successRate >= 0.997)");
      }
    }
    Optional<Duration> detect = fields.duration("detectWithin");
    Optional<Duration> recover = fields.duration("recoverWithin");
    if (detect.isPresent() && recover.isPresent()) {
      fields.problem("recoverWithin", "given beside detectWithin (expected: one of the two)");
    }
    return new Expectation(id, says, window, skip, that, condition, tolerance, detect, recover);
  }

  private static SteadyState steadyState(Fields fields, Set<String> streams) {
    String that =
        fields.requiredText(
            "that", "a condition over the last second, such as client.browse.ok >= 90");
    return new SteadyState(
        that, condition(fields, that, streams), fields.duration("within").orElse(STEADY_WITHIN));
  }

  private static Expression condition(Fields fields, String that, Set<String> streams) {
    Expression condition =
        that.isEmpty()
            ? new Expression.Number(0)
            : fields.parsed("that", Expression::parseCondition).orElse(new Expression.Number(0));
    for (String figure : condition.figures()) {
      Matcher stream = OF_STREAM.matcher(figure);
      if (stream.matches() && !streams.contains(stream.group(1))) {
        fields.problem(
            "that",
            "stream \""
                + stream.group(1)
                + "\" (expected: one of load: "
                + String.join(", ", new TreeSet<>(streams))
                + ")");
      }
    }
    return condition;
  }

  private static Optional<Share> share(Expression condition) {
    if (condition
            instanceof
            Expression.Comparison(
                String operator,
                Expression.Figure(String name),
                Expression.Number(double p))
        && SHARE.matcher(name).matches()
        && p >= 0
        && p <= 1
        && !operator.equals("==")
        && !operator.equals("!=")) {
      return Optional.of(
          new Share(
              name,
              name.substring(0, name.lastIndexOf('.')) + ".requests",
              operator.startsWith(">"),
              p));
    }
    return Optional.empty();
  }

  private Control control(
      Fields fields, Windows scenario, List<Hop> hops, Set<String> expectations) {
    String name = id(fields, "name");
    String says = fields.requiredText("says", "what is broken, a sentence for people");
    Windows windows = windows(fields, scenario);
    List<MeshResource> policies = MeshResourceReader.read(fields, "policies", findings);
    List<FaultPlan> faults = faults(fields, windows, hops);
    List<String> mustFail = fields.texts("mustFail");
    if (mustFail.isEmpty()) {
      fields.missing("mustFail", "ids of expectations of which one must fail");
    }
    for (String id : mustFail) {
      if (!expectations.contains(id)) {
        fields.problem(
            "mustFail",
            "\"" + id + "\" (expected: one of " + String.join(", ", expectations) + ")");
      }
    }
    return new Control(name, says, policies, faults, windows, mustFail);
  }

  private static String id(Fields fields, String name) {
    String id = fields.requiredText(name, "lower case letters, digits and -");
    if (!id.isEmpty() && !ID.matcher(id).matches()) {
      fields.problem(name, "\"" + id + "\" (expected: lower case letters, digits and -)");
    }
    return id;
  }

  private <T> List<T> unique(
      String name, List<Fields> items, Function<Fields, T> reader, Function<T, String> key) {
    List<T> read = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    for (Fields item : items) {
      T value = reader.apply(item);
      read.add(value);
      if (!seen.add(key.apply(value))) {
        item.problem(
            name.equals("negativeControls") ? "name" : "id",
            "\"" + key.apply(value) + "\" is given twice (expected: each once)");
      }
    }
    return read;
  }
}
