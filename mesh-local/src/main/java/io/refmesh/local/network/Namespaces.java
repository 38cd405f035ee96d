package io.refmesh.local.network;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The network namespaces of one mesh, joined by a bridge, for root on Linux. Everything that is
 * made is written into a file first, so that whoever comes after a crash removes exactly that.
 * Under the lock of the mesh.
 */
public final class Namespaces {

  /** The file, in the state folder. */
  private static final String FILE = "network.txt";

  private static final String PREFIX = "refmesh";
  private static final Path MADE = Path.of("/run/netns");

  /**
   * {@code ip netns exec} puts the files of a folder of the namespace's name over those of /etc.
   */
  private static final Path FILES = Path.of("/etc/netns");

  private static final int SECONDS_MAX = 30;

  private final Path state;
  private final String bridge;
  private final LocalNetwork network;

  private Namespaces(Path state, String bridge, LocalNetwork network) {
    this.state = state;
    this.bridge = bridge;
    this.network = network;
  }

  /** Makes the bridge, on which the control plane has its address. */
  public static Namespaces open(Path state, int octet, LocalNetwork network) throws IOException {
    require("root", "root".equals(System.getProperty("user.name")));
    require("`ip` (Debian package iproute2)", has("ip"));
    require("`setpriv` (Debian package util-linux)", has("setpriv"));
    require("`nft` or `iptables`", has("nft") || has("iptables"));
    Namespaces namespaces = new Namespaces(state, PREFIX + octet, network);
    namespaces.remember(namespaces.bridge);
    ip("link", "add", namespaces.bridge, "type", "bridge");
    ip("addr", "add", network.controlPlane() + "/24", "dev", namespaces.bridge);
    ip("link", "set", namespaces.bridge, "up");
    return namespaces;
  }

  /**
   * Makes the namespace of an instance, with the names of services for whatever is run in it.
   *
   * @param instance such as {@code shop/cart-0}
   */
  public NetworkNamespace create(String instance, int number, Path hosts) throws IOException {
    String base = bridge + "-" + instance.replace('/', '-');
    // Two incarnations live side by side while one takes the place of the other.
    String name = Files.exists(MADE.resolve(base)) ? base + "." + number : base;
    remember(name);
    Path files = FILES.resolve(name);
    Files.createDirectories(files);
    Files.deleteIfExists(files.resolve("hosts"));
    Files.createSymbolicLink(files.resolve("hosts"), hosts);
    String outer = bridge + "v" + number;
    ip("netns", "add", name);
    ip("link", "add", outer, "type", "veth", "peer", "name", "eth0", "netns", name);
    ip("link", "set", outer, "master", bridge, "up");
    ip("-n", name, "link", "set", "lo", "up");
    ip("-n", name, "addr", "add", network.application(number) + "/24", "dev", "eth0");
    ip("-n", name, "link", "set", "eth0", "up");
    ip("-n", name, "route", "add", "default", "via", network.controlPlane());
    return new NetworkNamespace(name);
  }

  /** The instance is gone, and so are its processes. */
  public void remove(NetworkNamespace namespace) throws IOException {
    delete(namespace.name());
  }

  /** Removes what the mesh of a state folder has made; nothing when there is nothing. */
  public static void sweep(Path state) throws IOException {
    Path file = state.resolve(FILE);
    if (!Files.exists(file)) {
      return;
    }
    for (String name : Files.readAllLines(file, StandardCharsets.UTF_8).reversed()) {
      if (name.startsWith(PREFIX)) {
        delete(name);
      }
    }
    Files.delete(file);
  }

  /** The command that runs another in a namespace, as a user. The process is the same one. */
  public static List<String> inside(NetworkNamespace namespace, long uid, List<String> command) {
    List<String> all =
        new ArrayList<>(
            List.of(
                "ip",
                "netns",
                "exec",
                namespace.name(),
                "setpriv",
                "--reuid=" + uid,
                "--regid=" + uid,
                "--clear-groups",
                "--"));
    all.addAll(command);
    return all;
  }

  /** Runs a program to its end; one that fails is an error with its words. */
  public static void run(List<String> command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String words;
    try (var output = process.getInputStream()) {
      process.getOutputStream().close();
      words = new String(output.readAllBytes(), StandardCharsets.UTF_8).strip();
      if (!process.waitFor(SECONDS_MAX, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new IOException(
            String.join(" ", command) + " did not end within " + SECONDS_MAX + " s");
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new IOException(String.join(" ", command) + " was interrupted", e);
    }
    if (process.exitValue() != 0) {
      throw new IOException(String.join(" ", command) + ": " + words);
    }
  }

  private void remember(String name) throws IOException {
    Files.writeString(
        state.resolve(FILE),
        name + "\n",
        StandardCharsets.UTF_8,
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }

  /** A namespace with its files, or the bridge; both ends of a namespace's cable go with it. */
  private static void delete(String name) throws IOException {
    if (Files.exists(MADE.resolve(name))) {
      try {
        // The kernel takes a namespace apart at its leisure; the cable's name must be free at once.
        ip("-n", name, "link", "delete", "eth0");
      } catch (IOException e) {
        // It was never laid.
      }
      ip("netns", "delete", name);
    } else if (Files.exists(Path.of("/sys/class/net", name))) {
      ip("link", "delete", name);
    }
    Path files = FILES.resolve(name);
    if (Files.isDirectory(files)) {
      Files.deleteIfExists(files.resolve("hosts"));
      Files.delete(files);
      try {
        Files.delete(FILES);
      } catch (DirectoryNotEmptyException e) {
        // Somebody else has files there.
      }
    }
  }

  private static void ip(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("ip"));
    command.addAll(List.of(arguments));
    run(command);
  }

  private static boolean has(String program) {
    return List.of("/usr/sbin", "/sbin", "/usr/bin", "/bin").stream()
        .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
  }

  private static void require(String what, boolean there) throws IOException {
    if (!there) {
      throw new IOException("network namespaces need " + what + " (expected: root on Linux)");
    }
  }
}
