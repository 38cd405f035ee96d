package io.refmesh.toxiproxy;

import io.netty.util.NetUtil;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * The server as a process: reads the flags, prints one line when ready, and stops in order on
 * SIGTERM or Ctrl-C.
 */
public final class ToxiproxyMain {
  /** Held, because a logger that nobody holds forgets its level. */
  private static final Logger LOG = Logger.getLogger("io.refmesh.toxiproxy");

  private ToxiproxyMain() {}

  public static void main(String[] arguments) throws InterruptedException {
    logChanges();
    int status = run(List.of(arguments), System.out, System.err);
    if (status >= 0) {
      System.exit(status);
    }
    new CountDownLatch(1).await();
  }

  /**
   * A process tells every change on standard error, one line each; a server inside another program
   * is silent.
   */
  private static void logChanges() {
    if (System.getProperty("java.util.logging.config.file") == null) {
      System.setProperty(
          "java.util.logging.SimpleFormatter.format", "%1$tFT%1$tT.%1$tL %5$s%6$s%n");
      LOG.setLevel(Level.FINE);
      for (Handler handler : Logger.getLogger("").getHandlers()) {
        handler.setLevel(Level.FINE);
      }
    }
  }

  /**
   * Does what the flags say; returns the exit status, or a negative number when a server is
   * running.
   */
  static int run(List<String> arguments, PrintStream out, PrintStream err) {
    Flags flags;
    try {
      flags = Flags.parse(arguments);
    } catch (IllegalArgumentException e) {
      err.println(e.getMessage());
      err.print(Flags.USAGE);
      return 2;
    }
    if (flags.help()) {
      out.print(Flags.USAGE);
      return 0;
    }
    if (flags.version()) {
      out.println("toxiproxy-server version " + ToxiproxyServer.VERSION);
      return 0;
    }
    long seed = flags.seed().orElseGet(() -> new SplittableRandom().nextLong());
    ToxiproxyServer server;
    try {
      server = ToxiproxyServer.start(new InetSocketAddress(flags.host(), flags.port()), seed);
    } catch (IOException e) {
      err.println(
          e.getMessage() + "; choose another address with -host and -port, 0 takes a free port");
      return 1;
    }
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(server, err), "toxiproxy-stop"));
    flags.config().ifPresent(file -> populate(server, file, err));
    out.println(
        "Toxiproxy control API on "
            + NetUtil.toSocketAddressString(server.controlAddress())
            + " seed "
            + seed);
    out.flush();
    return -1;
  }

  private static void stop(ToxiproxyServer server, PrintStream err) {
    server.close();
    // Not through the logger: the JVM stops that one at the same time.
    err.println("Toxiproxy stopped: every proxy and connection is closed");
    // A process stopped in order ends with 0, as the original does; the JVM would say 143.
    Runtime.getRuntime().halt(0);
  }

  /** A mistake in the file does not keep the server from starting, as in the original. */
  private static void populate(ToxiproxyServer server, Path file, PrintStream err) {
    try {
      server.populate(Files.readAllBytes(file));
    } catch (NoSuchFileException e) {
      err.println("config " + file + ": no such file (expected: a JSON list of proxies)");
    } catch (IOException e) {
      err.println("config " + file + " was not taken whole: " + e.getMessage());
    }
  }
}
