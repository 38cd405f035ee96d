package io.refmesh.control.registry;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * What runs on this machine, as the local supervisor tells the control plane through one JSON file
 * in the state folder: local mode's pods. The file is replaced whole, so a reader sees either the
 * old or the new state.
 */
public record Instances(List<Instance> instances) {

  /** Name of the file in the state folder. */
  public static final String FILE = "instances.json";

  private static final String RUN = "run-";

  public static final Instances NONE = new Instances(List.of());

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  public Instances {
    instances = List.copyOf(orEmpty(instances));
  }

  /**
   * One process with, usually, a sidecar.
   *
   * @param address where its sidecar takes calls from others, on the application's ports
   * @param applicationAddress where the application itself listens
   * @param draining on its way out: takes no new calls
   * @param annotations of the workload, those of its sidecar included
   * @param outbound the address of each service; the sidecar listens there, unless it is captured
   * @param captured whether the kernel leads its connections to the sidecar, whatever their address
   */
  public record Instance(
      String namespace,
      String workload,
      int replica,
      Map<String, String> labels,
      String serviceAccount,
      String zone,
      String address,
      String applicationAddress,
      boolean ready,
      boolean draining,
      List<Port> ports,
      Map<String, String> annotations,
      List<Outbound> outbound,
      boolean captured) {

    public Instance {
      require(namespace, "namespace");
      require(workload, "workload");
      require(address, "address");
      serviceAccount =
          serviceAccount == null || serviceAccount.isEmpty() ? "default" : serviceAccount;
      zone = zone == null ? "" : zone;
      applicationAddress = applicationAddress == null ? "" : applicationAddress;
      labels = labels == null ? Map.of() : Map.copyOf(labels);
      ports = List.copyOf(orEmpty(ports));
      annotations = annotations == null ? Map.of() : Map.copyOf(annotations);
      outbound = List.copyOf(orEmpty(outbound));
    }

    /** {@code namespace/workload/replica}. */
    public String qualifiedName() {
      return namespace + "/" + workload + "/" + replica;
    }
  }

  /**
   * @param appProtocol as written in the Workload; empty when not given
   */
  public record Port(String name, int port, String appProtocol) {
    public Port {
      name = name == null ? "" : name;
      appProtocol = appProtocol == null ? "" : appProtocol;
      if (port < 1 || port > 65_535) {
        throw new IllegalArgumentException("port: " + port + " (expected: 1 to 65535)");
      }
    }
  }

  /**
   * @param service {@code namespace/name}
   */
  public record Outbound(String service, String address) {
    public Outbound {
      require(address, "address");
      if (service == null || service.indexOf('/') <= 0 || service.endsWith("/")) {
        throw new IllegalArgumentException("service: " + service + " (expected: namespace/name)");
      }
    }
  }

  /**
   * Reads the file; one that is not there yet says that nothing runs. A broken one throws with the
   * place.
   */
  public static Instances read(Path file) throws IOException {
    byte[] bytes;
    try {
      bytes = Files.readAllBytes(file);
    } catch (NoSuchFileException e) {
      return NONE;
    }
    try {
      return JSON.readValue(bytes, Instances.class);
    } catch (JacksonException e) {
      throw new IOException(
          file.getFileName() + ": " + e.getOriginalMessage() + " (expected: {\"instances\": […]})",
          e);
    }
  }

  /** The file of a command that somebody runs beside the supervisor. */
  public static Path ofRun(Path stateFolder, int number) {
    return stateFolder.resolve(RUN + number + "." + FILE);
  }

  /** What all files of the folder say together. */
  static Instances readAll(Path stateFolder) throws IOException {
    List<Instance> all = new ArrayList<>(read(stateFolder.resolve(FILE)).instances());
    if (Files.isDirectory(stateFolder)) {
      try (Stream<Path> files = Files.list(stateFolder)) {
        for (Path file : files.filter(Instances::isOfRun).sorted().toList()) {
          all.addAll(read(file).instances());
        }
      }
    }
    return new Instances(all);
  }

  static boolean isOfRun(Path file) {
    String name = String.valueOf(file.getFileName());
    return name.startsWith(RUN) && name.endsWith("." + FILE);
  }

  /** Replaces the file in one step. */
  public static void write(Path file, Instances instances) throws IOException {
    Path written = file.resolveSibling(file.getFileName() + ".new");
    try {
      Files.write(written, JSON.writeValueAsBytes(instances));
    } catch (JacksonException e) {
      throw new UncheckedIOException(new IOException(e));
    }
    Files.move(written, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static <T> List<T> orEmpty(@Nullable List<T> list) {
    return list == null ? List.of() : list;
  }

  private static void require(@Nullable String value, String name) {
    if (value == null || value.isEmpty()) {
      throw new IllegalArgumentException(name + " is missing (expected: a value)");
    }
  }
}
