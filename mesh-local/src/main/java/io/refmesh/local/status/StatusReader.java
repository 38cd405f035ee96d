package io.refmesh.local.status;

import io.refmesh.control.registry.Contents;
import io.refmesh.control.registry.FolderRegistry;
import io.refmesh.control.registry.Instances;
import io.refmesh.control.registry.Service;
import io.refmesh.local.StateFolder;
import io.refmesh.local.process.ProcessTable;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Puts a mesh's status together from its state folder, its folder of YAML and the admin ports of
 * its parts. What does not answer is shown as such; it never makes the rest unreadable. Blocking.
 */
public final class StatusReader implements AutoCloseable {

  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(2);
  private static final int ADMIN_PORT = 4191;
  private static final Map<String, String> INBOUND = Map.of("direction", "inbound");

  private final StateFolder state;
  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(ANSWER_WITHIN)
          .build();

  /** Of the mesh with this state folder. */
  public StatusReader(Path directory) {
    this.state = new StateFolder(directory);
  }

  /** The mesh as it is now, or an error that says that none was started here. */
  public MeshStatus read() throws IOException, InterruptedException {
    StateFolder.MeshFile mesh = state.readMesh();
    List<ProcessTable.Entry> processes = ProcessTable.read(state.processes());
    Instances instances = Instances.read(state.instances());
    Contents folder = new FolderRegistry(Path.of(mesh.folder())).load();
    List<Instances.Instance> shown =
        instances.instances().stream().filter(instance -> !instance.draining()).toList();
    Map<String, JsonNode> configs =
        inParallel(shown.stream().map(Instances.Instance::address).toList(), this::config);
    List<MeshStatus.Workload> workloads = new ArrayList<>();
    List<MeshStatus.Ejection> ejections = new ArrayList<>();
    for (Instances.Instance instance : shown) {
      JsonNode config = configs.get(instance.address());
      workloads.add(
          workload(
              instance,
              mesh,
              processes,
              config == null ? MeshStatus.Certificate.UNKNOWN : certificate(config)));
      if (config != null) {
        ejections.addAll(
            ejections(
                instance.namespace() + "/" + instance.workload() + "-" + instance.replica(),
                config));
      }
    }
    long control =
        processes.stream()
            .filter(
                entry -> entry.role().equals("control-plane") && entry.maybeHandle().isPresent())
            .mapToLong(ProcessTable.Entry::pid)
            .findFirst()
            .orElse(0);
    return new MeshStatus(
        new MeshStatus.ControlPlane(control, mesh.controlAddress(), mesh.trustDomain()),
        workloads,
        folder.only(Service.class).stream().map(service -> service(service, shown)).toList(),
        ejections,
        problems(folder, mesh.controlAdmin()));
  }

  /**
   * How the calls to each workload fared over the next {@code over}, by {@code
   * namespace/name-replica}.
   */
  public Map<String, Traffic> traffic(MeshStatus status, Duration over)
      throws InterruptedException {
    List<String> admins =
        status.workloads().stream().map(workload -> workload.sidecar().admin()).toList();
    Map<String, Scrape> before = inParallel(admins, this::scrape);
    Thread.sleep(over);
    Map<String, Scrape> after = inParallel(admins, this::scrape);
    Map<String, Traffic> traffic = new TreeMap<>();
    for (MeshStatus.Workload workload : status.workloads()) {
      Scrape first = before.get(workload.sidecar().admin());
      Scrape second = after.get(workload.sidecar().admin());
      if (first != null && second != null) {
        traffic.put(
            workload.namespace() + "/" + workload.name() + "-" + workload.replica(),
            between(first, second, over));
      }
    }
    return traffic;
  }

  @Override
  public void close() {
    http.shutdownNow();
  }

  /** Rates over the time between, quantiles and success since the sidecar started. */
  static Traffic between(Scrape first, Scrape second, Duration over) {
    double requests = second.sum("request_total", INBOUND) - first.sum("request_total", INBOUND);
    double answers = second.sum("response_total", INBOUND);
    if (answers == 0) {
      return Traffic.NONE;
    }
    double failures =
        second.sum("response_total", Map.of("direction", "inbound", "classification", "failure"));
    return new Traffic(
        requests * 1_000 / over.toMillis(),
        100 * (answers - failures) / answers,
        second.quantile("response_latency_ms", INBOUND, 0.5),
        second.quantile("response_latency_ms", INBOUND, 0.99));
  }

  private static MeshStatus.Workload workload(
      Instances.Instance instance,
      StateFolder.MeshFile mesh,
      List<ProcessTable.Entry> processes,
      MeshStatus.Certificate certificate) {
    String process =
        instance.namespace() + "/" + instance.workload() + "-" + instance.replica() + ".";
    String[] numbers = instance.address().split("\\.");
    int number =
        instance.captured() ? Integer.parseInt(numbers[3]) - 1 : Integer.parseInt(numbers[2]);
    return new MeshStatus.Workload(
        instance.namespace(),
        instance.workload(),
        instance.replica(),
        instance.ready(),
        instance.zone(),
        "spiffe://"
            + mesh.trustDomain()
            + "/ns/"
            + instance.namespace()
            + "/sa/"
            + instance.serviceAccount(),
        new MeshStatus.App(
            pid(processes, process + number + ".application"),
            instance.applicationAddress(),
            restarts(instance)),
        new MeshStatus.Sidecar(
            pid(processes, process + number + ".sidecar"),
            "http://" + instance.address() + ":" + ADMIN_PORT,
            instance.address()),
        certificate,
        instance.annotations().getOrDefault("refmesh.io/netns", ""));
  }

  private static int restarts(Instances.Instance instance) {
    return Integer.parseInt(instance.annotations().getOrDefault("refmesh.io/restarts", "0"));
  }

  private static long pid(List<ProcessTable.Entry> processes, String name) {
    return processes.stream()
        .filter(entry -> entry.name().equals(name) && entry.maybeHandle().isPresent())
        .mapToLong(ProcessTable.Entry::pid)
        .findFirst()
        .orElse(0);
  }

  private static MeshStatus.Service service(Service service, List<Instances.Instance> instances) {
    Set<String> endpoints = new LinkedHashSet<>();
    for (Service.Port port : service.ports()) {
      for (Instances.Instance instance : instances) {
        if (instance.ready()
            && instance.namespace().equals(service.metadata().namespace())
            && !service.selector().isEmpty()
            && instance.labels().entrySet().containsAll(service.selector().entrySet())) {
          target(port, instance)
              .ifPresent(target -> endpoints.add(instance.address() + ":" + target));
        }
      }
    }
    return new MeshStatus.Service(
        service.metadata().namespace(),
        service.metadata().name(),
        service.ports().stream().map(Service.Port::port).toList(),
        List.copyOf(endpoints));
  }

  private static Optional<Integer> target(Service.Port port, Instances.Instance instance) {
    return switch (port.target()) {
      case Service.Target.Number(int number) -> Optional.of(number);
      case Service.Target.Name(String name) ->
          instance.ports().stream()
              .filter(own -> own.name().equals(name))
              .map(Instances.Port::port)
              .findFirst();
    };
  }

  /** What the files say is wrong, and what the control plane found when it put them together. */
  private List<MeshStatus.Problem> problems(Contents folder, String controlAdmin)
      throws InterruptedException {
    Set<MeshStatus.Problem> problems = new LinkedHashSet<>();
    folder
        .problems()
        .forEach(problem ->
            problems.add(
                new MeshStatus.Problem(
                    problem.object(),
                    problem.field(),
                    (problem.file().isEmpty() ? "" : problem.file() + ":" + problem.line() + ": ")
                        + problem.message())));
    try {
      for (JsonNode problem :
          JsonMapper.shared().readTree(get(controlAdmin + "/state")).path("problems")) {
        String file = problem.path("file").asString("");
        problems.add(
            new MeshStatus.Problem(
                problem.path("object").asString(""),
                problem.path("field").asString(""),
                (file.isEmpty() ? "" : file + ":" + problem.path("line").asInt(0) + ": ")
                    + problem.path("message").asString("")));
      }
    } catch (IOException | JacksonException e) {
      problems.add(
          new MeshStatus.Problem(
              "control plane",
              "",
              "does not answer at " + controlAdmin + "; sidecars keep what they have"));
    }
    return List.copyOf(problems);
  }

  private JsonNode config(String inbound) throws IOException, InterruptedException {
    return JsonMapper.shared().readTree(get("http://" + inbound + ":" + ADMIN_PORT + "/config"));
  }

  private static MeshStatus.Certificate certificate(JsonNode config) {
    JsonNode certificate = config.path("certificate");
    return new MeshStatus.Certificate(
        certificate.path("serial").asString(""), certificate.path("notAfter").asString(""));
  }

  /** What a sidecar's {@code /config} says about endpoints that it does not call. */
  static List<MeshStatus.Ejection> ejections(String by, JsonNode config) {
    Set<MeshStatus.Ejection> ejections = new LinkedHashSet<>();
    for (JsonNode destination : config.path("destinations")) {
      for (JsonNode backend : destination.path("backends")) {
        for (JsonNode endpoint : backend.path("endpoints")) {
          JsonNode health = endpoint.path("health");
          String state = health.path("state").asString("admitting");
          if (!state.equals("admitting")) {
            ejections.add(
                new MeshStatus.Ejection(
                    by,
                    backend.path("backend").asString(""),
                    endpoint.path("address").asString(""),
                    state,
                    health.path("reason").asString(""),
                    health.path("nextProbeMillis").asLong(0)));
          }
        }
      }
    }
    return List.copyOf(ejections);
  }

  private Scrape scrape(String admin) throws IOException, InterruptedException {
    return Scrape.of(get(admin + "/metrics"));
  }

  private String get(String url) throws IOException, InterruptedException {
    HttpResponse<String> answer =
        http.send(
            HttpRequest.newBuilder(URI.create(url)).timeout(ANSWER_WITHIN).build(),
            HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() != 200) {
      throw new IOException("GET " + url + " answered " + answer.statusCode() + " (expected: 200)");
    }
    return answer.body();
  }

  private interface Reading<T> {
    T of(String key) throws IOException, InterruptedException;
  }

  /** One virtual thread each; what fails is left out. */
  private static <T> Map<String, T> inParallel(List<String> keys, Reading<T> reading)
      throws InterruptedException {
    Map<String, T> results = new TreeMap<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Map<String, Future<T>> running = new TreeMap<>();
      for (String key : keys) {
        Callable<T> task = () -> reading.of(key);
        running.put(key, threads.submit(task));
      }
      for (Map.Entry<String, Future<T>> entry : running.entrySet()) {
        try {
          results.put(entry.getKey(), entry.getValue().get());
        } catch (ExecutionException e) {
          // Not there or not answering: its place in the status stays empty.
        }
      }
    }
    return results;
  }
}
