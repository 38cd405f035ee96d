package io.refmesh.proxy;

import io.netty.util.concurrent.Ticker;
import io.netty.util.internal.logging.InternalLoggerFactory;
import io.netty.util.internal.logging.JdkLoggerFactory;
import io.refmesh.proxy.accept.Transport;
import io.refmesh.proxy.telemetry.ProcessMetrics;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.logging.Level;
import java.util.logging.Logger;
import sun.misc.Signal;

/**
 * The process: reads the environment, runs one {@link Proxy} until a signal or the admin port asks
 * it to drain.
 *
 * <p>Exit codes: 0 after a drain, 1 could not start, 64 bad configuration.
 */
public final class ProxyMain {

  private static final int DRAINED = 0;
  private static final int COULD_NOT_START = 1;
  private static final int BAD_CONFIGURATION = 64;

  private ProxyMain() {}

  public static void main(String[] arguments) {
    // Else libraries look for others' logging in every jar.
    InternalLoggerFactory.setDefaultFactory(JdkLoggerFactory.INSTANCE);
    io.micrometer.common.util.internal.logging.InternalLoggerFactory.setDefaultFactory(
        io.micrometer.common.util.internal.logging.JdkLoggerFactory.INSTANCE);
    // Netty and its TLS read these when their classes load.
    System.setProperty("io.netty.jfr.enabled", System.getProperty("io.netty.jfr.enabled", "false"));
    System.setProperty("jdk.tls.server.enableSessionTicketExtension", "false");
    System.setProperty(
        "io.netty.leakDetection.level",
        System.getProperty("io.netty.leakDetection.level", "disabled"));
    LogLines.install();
    ProxyConfig config;
    try {
      config = ProxyConfig.of(System.getenv());
    } catch (ProxyConfig.Refused e) {
      System.err.println("mesh-proxy: bad configuration");
      String.valueOf(e.getMessage()).lines().forEach(line -> System.err.println("  " + line));
      System.exit(BAD_CONFIGURATION);
      return;
    }
    config.logLevel().apply();
    try {
      run(config);
    } catch (IllegalArgumentException e) {
      // Files that settings name are read when the parts are built.
      System.err.println("mesh-proxy: bad configuration");
      System.err.println("  " + e.getMessage());
      System.exit(BAD_CONFIGURATION);
    } catch (IOException | RuntimeException e) {
      Logger.getLogger(ProxyMain.class.getName())
          .log(
              Level.SEVERE,
              "could not start: " + e.getMessage(),
              e instanceof IOException ? null : e);
      System.exit(COULD_NOT_START);
    }
  }

  private static void run(ProxyConfig config) throws IOException {
    Proxy proxy =
        new Proxy(
            config,
            Control.ofEnvironment(config),
            new Proxy.Surroundings(
                Transport.best(),
                Ticker.systemTicker(),
                InstantSource.system(),
                new SecureRandom().nextLong(),
                new FileOutputStream(FileDescriptor.out)));
    ProcessMetrics.addTo(proxy.metrics());
    try {
      proxy.start();
    } catch (IOException | RuntimeException e) {
      proxy.close();
      throw e;
    }
    proxy
        .drained()
        .thenRunAsync(
            () -> {
              proxy.close();
              System.exit(DRAINED);
            },
            task -> new Thread(task, "exit").start());
    Signal.handle(new Signal("TERM"), signal -> proxy.drain());
    Signal.handle(new Signal("INT"), signal -> proxy.drain());
  }
}
