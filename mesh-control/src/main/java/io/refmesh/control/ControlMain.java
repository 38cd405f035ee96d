package io.refmesh.control;

import java.io.IOException;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.concurrent.CountDownLatch;

/**
 * Starts the control plane from its environment and ends it on SIGTERM. Exit codes: 64 bad setting,
 * 4 the cluster cannot be used, 1 could not start, 0 ended.
 */
public final class ControlMain {

  private static final int BAD_SETTING = 64;
  private static final int NOT_STARTED = 1;
  private static final int SOURCE_UNUSABLE = 4;

  static {
    // Before any class of Netty is loaded: a ticket would let a client back in whose certificate is
    // not looked at again.
    System.setProperty("jdk.tls.server.enableSessionTicketExtension", "false");
    if (System.getProperty("java.util.logging.SimpleFormatter.format") == null) {
      System.setProperty(
          "java.util.logging.SimpleFormatter.format", "%1$tFT%1$tT.%1$tL%1$tz %4$s %5$s%6$s%n");
    }
  }

  private ControlMain() {}

  public static void main(String[] arguments) throws InterruptedException {
    ControlConfig config;
    try {
      config = ControlConfig.from(System.getenv());
    } catch (ControlConfig.Bad e) {
      System.err.println("mesh-control: " + e.getMessage());
      System.exit(BAD_SETTING);
      return;
    }
    Control control;
    try {
      control = Control.start(config, InstantSource.system(), new SecureRandom());
    } catch (Control.SourceUnusable e) {
      System.err.println("mesh-control: " + e.getMessage());
      System.exit(SOURCE_UNUSABLE);
      return;
    } catch (Control.NotStarted | IOException e) {
      System.err.println("mesh-control: " + e.getMessage());
      System.exit(NOT_STARTED);
      return;
    }
    Runtime.getRuntime()
        .addShutdownHook(
            Thread.ofPlatform()
                .name("shutdown")
                .unstarted(() -> {
                  control.close();
                  System.out.println("control plane ended");
                  // Ended in order: without this the JVM would report the signal as a failure.
                  Runtime.getRuntime().halt(0);
                }));
    System.out.println(
        "control plane ready: address="
            + control.address()
            + " admin="
            + control.admin()
            + " trustDomain="
            + control.trustDomain());
    new CountDownLatch(1).await();
  }
}
