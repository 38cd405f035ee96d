package io.refmesh.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.util.concurrent.Ticker;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.ServicePort;
import io.refmesh.model.error.MeshError;
import io.refmesh.model.policy.Timeouts;
import io.refmesh.proxy.control.DestinationState;
import io.refmesh.proxy.control.Destinations;
import io.refmesh.proxy.endpoint.EndpointRegistry;
import io.refmesh.proxy.http.BodyPipe;
import io.refmesh.proxy.http.Caller;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.RequestHead;
import io.refmesh.proxy.http.ResponseHead;
import io.refmesh.proxy.resilience.FaultSlots;
import io.refmesh.proxy.telemetry.ProxyMetrics;
import io.refmesh.testkit.acceptance.Acceptance;
import java.net.InetSocketAddress;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class OutboundServicesTest {

  private static final ServicePort CART = new ServicePort("shop", "cart", 8080);

  private final EmbeddedChannel loop = new EmbeddedChannel();
  private final Ticker ticker = Ticker.systemTicker();
  private final ProxyMetrics metrics = new ProxyMetrics(ticker, 1000);
  private final Asked asked = new Asked();
  private final LoopRandom random = new LoopRandom(1);
  private final EndpointRegistry registry =
      new EndpointRegistry(
          ticker,
          random,
          (endpoint, protocol, settings, on) -> {
            throw new AssertionError("no endpoint is to be called here");
          },
          metrics,
          "",
          "");
  private final OutboundServices services =
      new OutboundServices(
          asked,
          new OutboundStack(
              ticker,
              random,
              registry,
              new FaultSlots(ticker, InstantSource.system(), metrics),
              metrics),
          metrics,
          ticker,
          List.of(),
          loop.eventLoop());

  @Test
  @Acceptance(55)
  void keepsAServiceForFiveSecondsAfterItsLastUse() {
    OutboundServices.Service first = services.lease(CART);
    first.release();
    after(4);
    OutboundServices.Service second = services.lease(CART);
    assertThat(second).isSameAs(first);
    after(10);
    second.release();
    after(4);
    assertThat(asked.events).containsExactly("+cart.shop:8080");
    after(2);
    assertThat(asked.events).containsExactly("+cart.shop:8080", "-cart.shop:8080");
    assertThat(services.lease(CART)).isNotSameAs(first);
  }

  @Test
  void aRequestWaitsForTheFirstAnswer() {
    OutboundServices.Service service = services.lease(CART);
    Outcomes reply = new Outcomes();
    service.http().handle(exchange(), reply);
    assertThat(reply.outcomes).isEmpty();

    asked.tell(new DestinationState.Known(1, withoutEndpoints()));
    loop.runPendingTasks();

    assertThat(reply.errors()).containsExactly(MeshError.NO_ENDPOINTS);
  }

  @Test
  void aRequestWaitsThreeSecondsAtMost() {
    OutboundServices.Service service = services.lease(CART);
    Outcomes reply = new Outcomes();
    service.http().handle(exchange(), reply);
    after(2);
    assertThat(reply.outcomes).isEmpty();
    after(1);
    assertThat(reply.errors()).containsExactly(MeshError.NOT_READY);
    asked.tell(new DestinationState.Known(1, withoutEndpoints()));
    loop.runPendingTasks();
    assertThat(reply.outcomes).hasSize(1);
  }

  @Test
  void aRequestThatIsCancelledWhileItWaitsEndsOnce() {
    OutboundServices.Service service = services.lease(CART);
    Outcomes reply = new Outcomes();
    Exchange exchange = exchange();
    service.http().handle(exchange, reply);
    exchange.cancel(new Outcome.CallerGone(Outcome.Progress.NOT_SENT));
    asked.tell(new DestinationState.Known(1, withoutEndpoints()));
    after(5);
    assertThat(reply.outcomes).hasSize(1);
  }

  @Test
  void aVersionThatCannotBeUsedLeavesTheLastOneInForce() {
    OutboundServices.Service service = services.lease(CART);
    asked.tell(new DestinationState.NotFound(1, "no such service"));
    Destination broken =
        new Destination(
            CART,
            AppProtocol.HTTP,
            List.of(
                new io.refmesh.model.route.RouteRule(
                    "shop/r/0",
                    List.of(),
                    new io.refmesh.model.route.HttpMatch(
                        new io.refmesh.model.route.HttpMatch.PathMatch.Regex("("),
                        "",
                        List.of(),
                        List.of()),
                    List.of(),
                    List.of(),
                    Timeouts.NONE,
                    Optional.empty())),
            java.util.Map.of());
    assertThatThrownBy(() -> asked.tell(new DestinationState.Known(2, broken)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(service.answer()).isEqualTo(new OutboundServices.Answer.Missing("no such service"));
  }

  private static Destination withoutEndpoints() {
    return TestMesh.destination(CART, AppProtocol.HTTP, Timeouts.NONE, null, List.of());
  }

  private Exchange exchange() {
    RequestHead head =
        new RequestHead(
            RequestHead.Version.HTTP_1_1,
            "GET",
            "http",
            "cart.shop:8080",
            "/",
            new DefaultHttp2Headers(),
            true);
    return new Exchange(
        loop.eventLoop(),
        new Caller(new InetSocketAddress("127.0.0.1", 1), Optional.empty(), false),
        head,
        BodyPipe.empty(),
        ticker.nanoTime());
  }

  private void after(int seconds) {
    loop.advanceTimeBy(seconds, TimeUnit.SECONDS);
    loop.runScheduledPendingTasks();
    loop.runPendingTasks();
  }

  private static final class Outcomes implements Reply {
    final List<Outcome> outcomes = new ArrayList<>();

    @Override
    public void head(ResponseHead head) {
      throw new AssertionError("nothing can answer here");
    }

    @Override
    public void done(Outcome outcome) {
      outcomes.add(outcome);
    }

    List<MeshError> errors() {
      return outcomes.stream().map(outcome -> ((Outcome.Failed) outcome).error()).toList();
    }
  }

  private static final class Asked implements Destinations {
    final List<String> events = new ArrayList<>();
    private Consumer<DestinationState> listener = state -> {};

    @Override
    public Subscription watch(ServicePort service, Consumer<DestinationState> told) {
      events.add("+" + service);
      listener = told;
      return new Subscription() {
        @Override
        public Optional<DestinationState> state() {
          return Optional.empty();
        }

        @Override
        public void close() {
          events.add("-" + service);
        }
      };
    }

    void tell(DestinationState state) {
      listener.accept(state);
    }
  }
}
