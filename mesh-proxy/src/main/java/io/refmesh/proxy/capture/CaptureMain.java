package io.refmesh.proxy.capture;

import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;

/**
 * The init program: {@code mesh init}, and the init container of a pod.
 *
 * <p>Exit codes: 0 done, 1 the rules could not be written, 64 bad arguments, 95 connections are not
 * captured.
 */
public final class CaptureMain {

  static final int DONE = 0;
  static final int NOT_WRITTEN = 1;
  static final int BAD_ARGUMENTS = 64;
  static final int NOT_CAPTURED = 95;

  /** For both families together less than the ten seconds in which a validator must have judged. */
  private static final int CHECK_MILLIS = 4_000;

  private final Programs programs;
  private final PrintStream out;
  private final PrintStream err;

  CaptureMain(Programs programs, PrintStream out, PrintStream err) {
    this.programs = programs;
    this.out = out;
    this.err = err;
  }

  public static void main(String[] arguments) {
    System.exit(
        new CaptureMain(new Programs.OfTheMachine(), System.out, System.err).run(arguments));
  }

  int run(String... arguments) {
    CaptureOptions options;
    try {
      options = CaptureOptions.of(arguments);
    } catch (IllegalArgumentException e) {
      err.println("mesh init: " + e.getMessage());
      return BAD_ARGUMENTS;
    }
    try {
      Capture capture = new Capture(programs);
      CaptureRules rules =
          options.rules(
              switch (options.ipv6()) {
                case YES -> true;
                case NO -> false;
                case WHEN_THERE -> hasIpv6();
              });
      return switch (options.action()) {
        case HELP -> {
          out.print(CaptureOptions.USAGE);
          yield DONE;
        }
        case PRINT -> {
          out.print(capture.text(options.backend(), rules));
          yield DONE;
        }
        case REMOVE -> {
          List<String> removed = capture.remove();
          out.println(removed.isEmpty() ? "no rules were there" : "rules removed: " + removed);
          yield DONE;
        }
        case CHECK -> check(rules, false);
        case WRITE -> {
          Backend backend = capture.choose(options.backend());
          Capture.Written written = capture.write(backend, rules);
          out.println(
              "rules "
                  + switch (written) {
                    case NEW -> "written";
                    case CHANGED -> "replaced";
                    case UNCHANGED -> "unchanged";
                  }
                  + ": backend="
                  + backend.name()
                  + " inbound="
                  + rules.inboundPort()
                  + " outbound="
                  + rules.outboundPort()
                  + " proxy_uid="
                  + rules.proxyUid()
                  + " ipv6="
                  + rules.ipv6());
          yield options.check() ? check(rules, true) : DONE;
        }
      };
    } catch (IOException e) {
      err.println("mesh init: " + e.getMessage());
      return NOT_WRITTEN;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return NOT_WRITTEN;
    }
  }

  /**
   * @param written whether the rules were seen to be in the kernel a moment ago: then a sidecar
   *     that runs already is no reason to fail
   */
  private int check(CaptureRules rules, boolean written) throws IOException, InterruptedException {
    if (uid() == rules.proxyUid()) {
      err.println(
          "mesh init: the check runs as user "
              + rules.proxyUid()
              + " (expected: another one than the sidecar's, whose connections are not captured)");
      return BAD_ARGUMENTS;
    }
    return switch (new CaptureCheck(rules.outboundPort(), CHECK_MILLIS, new SecureRandom())
        .run(rules.ipv6())) {
      case CaptureCheck.Finding.Captured(List<String> families) -> {
        out.println("connections are captured: " + String.join(", ", families));
        yield DONE;
      }
      case CaptureCheck.Finding.NotCaptured(String reason) -> {
        err.println("mesh init: connections are not captured: " + reason);
        yield NOT_CAPTURED;
      }
      case CaptureCheck.Finding.Undecided(String reason) -> {
        (written ? out : err).println("mesh init: not checked by a connection: " + reason);
        yield written ? DONE : NOT_CAPTURED;
      }
    };
  }

  private static int uid() throws IOException {
    return (Integer) Files.getAttribute(Path.of("/proc/self/"), "unix:uid");
  }

  /** Whether a socket can be bound to the loopback address of IPv6, in this network namespace. */
  private static boolean hasIpv6() {
    try (ServerSocket socket = new ServerSocket()) {
      socket.bind(new InetSocketAddress(InetAddress.getByName("::1"), 0));
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
