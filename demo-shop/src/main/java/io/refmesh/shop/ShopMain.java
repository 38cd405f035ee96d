package io.refmesh.shop;

import io.refmesh.shop.record.Instance;
import io.refmesh.shop.record.ShopClock;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The command line: {@code java -jar demo-shop.jar ROLE}. */
public final class ShopMain {
  private static final int COULD_NOT_START = 1;
  private static final int BAD_CONFIGURATION = 64;

  private ShopMain() {}

  public static void main(String[] arguments) throws InterruptedException {
    ShopClock clock = ShopClock.system();
    long startNanos = clock.nanos().getAsLong();
    // A call that failed is to be seen as one: the client is not to connect a second time by
    // itself.
    System.setProperty("jdk.httpclient.disableRetryConnect", "true");
    try {
      Settings settings = Settings.of(List.of(arguments), System.getenv());
      Shop shop = Shop.start(settings, clock);
      Runtime.getRuntime().addShutdownHook(new Thread(() -> drain(shop), "shop-drain"));
      long startMillis = TimeUnit.NANOSECONDS.toMillis(clock.nanos().getAsLong() - startNanos);
      System.out.println(readyLine(settings, shop, startMillis));
      // The loops are daemons: this thread keeps the process until a signal ends it.
      Thread.currentThread().join();
    } catch (BadSetting e) {
      System.err.println("shop: " + e.getMessage());
      System.exit(BAD_CONFIGURATION);
    } catch (CannotListen e) {
      System.err.println("shop: " + e.getMessage());
      System.exit(COULD_NOT_START);
    }
  }

  private static void drain(Shop shop) {
    try {
      shop.drain();
      System.out.println("shop: drained");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      System.out.flush();
      // A JVM that ends by a signal would exit with 128 + its number; a drain is a success.
      Runtime.getRuntime().halt(0);
    }
  }

  private static String readyLine(Settings settings, Shop shop, long startMillis) {
    Instance instance = settings.instance();
    return "shop: ready role="
        + instance.role()
        + " instance="
        + instance.name()
        + " version="
        + instance.version()
        + " zone="
        + instance.zone()
        + " address="
        + written(shop.address())
        + " admin="
        + written(shop.adminAddress())
        + " startMillis="
        + startMillis;
  }

  private static String written(InetSocketAddress address) {
    return address.getAddress().getHostAddress() + ":" + address.getPort();
  }
}
