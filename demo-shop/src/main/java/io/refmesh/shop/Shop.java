package io.refmesh.shop;

import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.refmesh.shop.admin.AdminServer;
import io.refmesh.shop.behave.Switchboard;
import io.refmesh.shop.net.App;
import io.refmesh.shop.net.AppServer;
import io.refmesh.shop.record.Ledger;
import io.refmesh.shop.record.ShopClock;
import io.refmesh.shop.record.ShopRecord;
import io.refmesh.shop.serve.CallCounts;
import io.refmesh.shop.serve.CartPages;
import io.refmesh.shop.serve.CommonPages;
import io.refmesh.shop.serve.LedgerService;
import io.refmesh.shop.serve.PricingPages;
import io.refmesh.shop.serve.Route;
import io.refmesh.shop.serve.Routes;
import io.refmesh.shop.serve.Service;
import io.refmesh.shop.serve.WebPages;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * A running instance: two listening ports, two event loops, and a virtual thread for each page that
 * calls others.
 *
 * <p>Lifetime: {@link #start}, any number of requests, {@link #drain} once, which also frees
 * everything.
 */
final class Shop {
  private final EventLoopGroup appLoop = loop("shop");
  private final EventLoopGroup adminLoop = loop("shop-admin");
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Settings settings;
  private final AppServer server;
  private final AdminServer admin;
  private Channel listener;
  private Channel adminListener;

  static Shop start(Settings settings, ShopClock clock) throws CannotListen, InterruptedException {
    return new Shop(settings, clock);
  }

  private Shop(Settings settings, ShopClock clock) throws CannotListen, InterruptedException {
    this.settings = settings;
    ShopRecord record =
        new ShopRecord(settings.instance(), new Ledger(Ledger.IDS_MAX, clock), clock);
    App app =
        new App(
            settings.instance(),
            record,
            new Switchboard(settings.behaviour(), settings.seed(), settings.instance().name()),
            routes(new CallCounts(appLoop, record.calls()), clock),
            threads,
            settings.greeting());
    server = new AppServer(app, settings.role() == Role.LEDGER, settings.drainTimeout(), appLoop);
    admin = new AdminServer(app, appLoop, adminLoop);
    try {
      listener = listen(server::listen, settings.port(), "PORT");
      adminListener = listen(admin::listen, settings.adminPort(), "ADMIN_PORT");
    } catch (CannotListen | InterruptedException e) {
      free();
      throw e;
    }
  }

  InetSocketAddress address() {
    return (InetSocketAddress) listener.localAddress();
  }

  InetSocketAddress adminAddress() {
    return (InetSocketAddress) adminListener.localAddress();
  }

  /**
   * Takes no more connections, lets requests in flight end, frees everything. Blocks at most as
   * long as the drain timeout.
   */
  void drain() throws InterruptedException {
    listener.close().sync();
    server.drain().join();
    adminListener.close().sync();
    free();
  }

  private void free() {
    threads.shutdownNow();
    appLoop.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    adminLoop.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }

  private Routes routes(CallCounts counts, ShopClock clock) {
    List<Route> common = new CommonPages(settings.instance().version()).routes();
    return switch (settings.role()) {
      case CATALOG -> new Routes(List.of(common));
      case PRICING -> new Routes(List.of(common, new PricingPages().routes()));
      case CART -> {
        Service pricing = service("pricing", settings.pricing(), client(), counts, clock);
        yield new Routes(List.of(common, new CartPages(pricing).routes()));
      }
      case WEB -> {
        HttpClient client = client();
        yield new Routes(
            List.of(
                common,
                new WebPages(
                        service("catalog", settings.catalog(), client, counts, clock),
                        service("cart", settings.cart(), client, counts, clock),
                        new LedgerService(settings.ledger(), counts, clock),
                        threads)
                    .routes()));
      }
      case LEDGER -> new Routes(List.of());
    };
  }

  private static Service service(
      String name, URI base, HttpClient client, CallCounts counts, ShopClock clock) {
    return new Service(name, base, client, counts, clock);
  }

  private HttpClient client() {
    return HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).executor(threads).build();
  }

  private Channel listen(Port port, int number, String variable)
      throws CannotListen, InterruptedException {
    InetSocketAddress address = new InetSocketAddress(settings.listenAddress(), number);
    try {
      return port.listen(address);
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception e) {
      // Netty throws what the bind threw, checked or not.
      throw new CannotListen(settings.listenAddress() + ":" + number, variable, e);
    }
  }

  /** Something that binds. */
  @FunctionalInterface
  private interface Port {
    Channel listen(InetSocketAddress address) throws InterruptedException;
  }

  private static EventLoopGroup loop(String name) {
    return new MultiThreadIoEventLoopGroup(
        1, new DefaultThreadFactory(name, true), NioIoHandler.newFactory());
  }
}
