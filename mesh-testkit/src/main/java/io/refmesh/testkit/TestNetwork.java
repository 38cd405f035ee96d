package io.refmesh.testkit;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A network of its own for a test: network namespaces, joined by a bridge that lives in one more of
 * them, so that the machine's own network is never touched. For root on Linux; a test elsewhere is
 * not run, with the reason ({@link #create}).
 *
 * <p>Everything is removed by {@link #close}, by the end of this JVM, or by the next network after
 * a crash.
 */
public final class TestNetwork implements AutoCloseable {

  private static final String PREFIX = "refmesh-test-";
  private static final Path NAMESPACES = Path.of("/run/netns");
  private static final AtomicInteger NEXT = new AtomicInteger();
  private static final int SECONDS_MAX = 60;

  private final String name;
  private final List<Namespace> namespaces = new ArrayList<>();
  private final Thread atExit = new Thread(this::remove, "remove test network");

  private TestNetwork(String name) {
    this.name = name;
  }

  /** Makes one, or ends the test as not run, with the reason. */
  public static TestNetwork create() {
    assumeTrue(
        Files.isExecutable(Path.of("/usr/sbin/ip")) || Files.isExecutable(Path.of("/sbin/ip")),
        "needs `ip` (Debian package iproute2) on Linux");
    assumeTrue(
        ProcessHandle.current().info().user().orElse("").equals("root"),
        "needs root, to make network namespaces");
    sweep();
    TestNetwork network =
        new TestNetwork(PREFIX + ProcessHandle.current().pid() + "-" + NEXT.incrementAndGet());
    Runtime.getRuntime().addShutdownHook(network.atExit);
    try {
      network.ip("netns", "add", network.bridge());
      network.ip("-n", network.bridge(), "link", "set", "lo", "up");
      network.ip("-n", network.bridge(), "link", "add", "br0", "type", "bridge");
      network.ip("-n", network.bridge(), "addr", "add", "10.77.0.254/16", "dev", "br0");
      network.ip("-n", network.bridge(), "addr", "add", "fd77::fe/64", "dev", "br0", "nodad");
      network.ip("-n", network.bridge(), "link", "set", "br0", "up");
      return network;
    } catch (RuntimeException e) {
      network.close();
      throw e;
    }
  }

  /** Whether a program is there; a test without it is not run, with the reason. */
  public static void require(String program, String debianPackage) {
    assumeTrue(
        List.of("/usr/sbin", "/sbin", "/usr/bin", "/bin").stream()
            .anyMatch(folder -> Files.isExecutable(Path.of(folder, program))),
        "needs `" + program + "` (Debian package " + debianPackage + ")");
  }

  /** One more machine, as it were: 10.77.0.n and fd77::n, with a route to everywhere. */
  public Namespace namespace() {
    int number = namespaces.size() + 1;
    Namespace namespace = new Namespace(name + "-" + number, number);
    namespaces.add(namespace);
    ip("netns", "add", namespace.name);
    ip(
        "-n",
        bridge(),
        "link",
        "add",
        "v" + number,
        "type",
        "veth",
        "peer",
        "name",
        "eth0",
        "netns",
        namespace.name);
    ip("-n", bridge(), "link", "set", "v" + number, "master", "br0", "up");
    ip("-n", namespace.name, "link", "set", "lo", "up");
    ip("-n", namespace.name, "addr", "add", namespace.ipv4() + "/16", "dev", "eth0");
    ip("-n", namespace.name, "addr", "add", namespace.ipv6() + "/64", "dev", "eth0", "nodad");
    ip("-n", namespace.name, "link", "set", "eth0", "up");
    ip("-n", namespace.name, "route", "add", "default", "via", "10.77.0.254");
    ip("-n", namespace.name, "-6", "route", "add", "default", "via", "fd77::fe");
    return namespace;
  }

  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(atExit);
    } catch (IllegalStateException e) {
      // The JVM is ending already, and the hook does the same.
    }
    remove();
  }

  private void remove() {
    namespaces.forEach(namespace -> delete(namespace.name));
    delete(bridge());
  }

  private String bridge() {
    return name + "-0";
  }

  private void ip(String... arguments) {
    List<String> command = new ArrayList<>(List.of("ip"));
    command.addAll(List.of(arguments));
    Said said = run(command);
    if (said.exitCode() != 0) {
      throw new AssertionError(String.join(" ", command) + ": " + said.output());
    }
  }

  /** Ends what still runs in a namespace, which is of this test's making, and the namespace. */
  private static void delete(String namespace) {
    if (!Files.exists(NAMESPACES.resolve(namespace))) {
      return;
    }
    run(List.of("ip", "netns", "pids", namespace))
        .output()
        .lines()
        .map(String::strip)
        .filter(line -> line.chars().allMatch(Character::isDigit) && !line.isEmpty())
        .mapToLong(Long::parseLong)
        // This JVM is there with single threads.
        .filter(pid -> pid != ProcessHandle.current().pid())
        .forEach(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
    run(List.of("ip", "netns", "delete", namespace));
  }

  /** What a JVM left that was killed. */
  private static void sweep() {
    if (!Files.isDirectory(NAMESPACES)) {
      return;
    }
    try (var files = Files.list(NAMESPACES)) {
      files
          .map(file -> String.valueOf(file.getFileName()))
          .filter(file -> file.startsWith(PREFIX))
          .filter(file -> {
            String pid = file.substring(PREFIX.length(), file.indexOf('-', PREFIX.length()));
            return ProcessHandle.of(Long.parseLong(pid)).isEmpty();
          })
          .toList()
          .forEach(TestNetwork::delete);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * What a program said.
   *
   * @param output standard output and error
   */
  public record Said(int exitCode, String output) {}

  private static Said run(List<String> command) {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      process.getOutputStream().close();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(SECONDS_MAX, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new AssertionError(command + " did not end within " + SECONDS_MAX + " s: " + output);
      }
      return new Said(process.exitValue(), output.strip());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  /** One network namespace. */
  public static final class Namespace {

    private final String name;
    private final int number;

    private Namespace(String name, int number) {
      this.name = name;
      this.number = number;
    }

    public String name() {
      return name;
    }

    public String ipv4() {
      return "10.77.0." + number;
    }

    public String ipv6() {
      return "fd77::" + Integer.toHexString(number);
    }

    /** Runs a program here as root. */
    public Said run(String... command) {
      List<String> all = new ArrayList<>(List.of("ip", "netns", "exec", name));
      all.addAll(List.of(command));
      return TestNetwork.run(all);
    }

    /** Runs a program here as another user. */
    public Said runAs(int uid, String... command) {
      List<String> all =
          new ArrayList<>(
              List.of("setpriv", "--reuid=" + uid, "--regid=" + uid, "--clear-groups", "--"));
      all.addAll(List.of(command));
      return run(all.toArray(String[]::new));
    }

    /**
     * Runs code of this JVM here, on a thread of its own. Sockets that it opens and threads that it
     * starts stay here.
     */
    public <T> T call(Callable<T> task) throws Exception {
      CompletableFuture<T> result = new CompletableFuture<>();
      Thread.ofPlatform()
          .name(name)
          .start(() -> {
            try {
              NamespaceOfThread.enter(NAMESPACES.resolve(name));
              result.complete(task.call());
            } catch (Throwable e) {
              result.completeExceptionally(e);
            }
          });
      try {
        return result.get(SECONDS_MAX, TimeUnit.SECONDS);
      } catch (ExecutionException e) {
        if (e.getCause() instanceof Exception cause) {
          throw cause;
        }
        throw new AssertionError(e.getCause());
      }
    }
  }

  /** {@code setns(2)}, which is about the calling thread alone. */
  private static final class NamespaceOfThread {

    private static final int CLONE_NEWNET = 0x40000000;
    private static final int READ_ONLY = 0;

    private static final MethodHandle OPEN =
        function(
            "open",
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT),
            Linker.Option.firstVariadicArg(2));
    private static final MethodHandle SETNS =
        function(
            "setns",
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    private static final MethodHandle CLOSE =
        function("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));

    static void enter(Path namespace) throws Throwable {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment path = arena.allocateFrom(namespace.toString());
        int descriptor = (int) OPEN.invokeExact(path, READ_ONLY);
        int entered = (int) SETNS.invokeExact(descriptor, CLONE_NEWNET);
        int closed = (int) CLOSE.invokeExact(descriptor);
        if (entered != 0 || closed != 0) {
          throw new IOException("cannot enter the network namespace " + namespace);
        }
      }
    }

    private static MethodHandle function(
        String name, FunctionDescriptor descriptor, Linker.Option... options) {
      Linker linker = Linker.nativeLinker();
      return linker.downcallHandle(
          linker.defaultLookup().find(name).orElseThrow(), descriptor, options);
    }
  }
}
