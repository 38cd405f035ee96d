package io.refmesh.proxy.route;

import static io.refmesh.proxy.scripted.Destinations.CART;
import static io.refmesh.proxy.scripted.ScriptedService.fails;
import static io.refmesh.proxy.scripted.ScriptedService.hangs;
import static io.refmesh.proxy.scripted.ScriptedService.status;
import static io.refmesh.proxy.scripted.ScriptedService.streams;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.refmesh.model.error.MeshError;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Outcome.Progress;
import io.refmesh.proxy.scripted.CollectingSink;
import io.refmesh.proxy.scripted.RecordingReply;
import io.refmesh.proxy.scripted.ScriptedService;
import io.refmesh.proxy.scripted.TestBody;
import io.refmesh.proxy.scripted.TestLoop;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MirrorLayerTest {

  private final TestLoop loop = new TestLoop();
  private final RecordingReply reply = new RecordingReply();

  @Test
  void sendsACopyAndDropsItsAnswer() {
    TestBody answer = new TestBody();
    ScriptedService shadow = new ScriptedService(streams(500, answer.pipe));
    Exchange exchange = loop.get("/items?a=1");
    exchange.request().headers().set("x-user", "ann");

    layer(shadow, 1, 1).wrap(new ScriptedService(status(200))).handle(exchange, reply);
    loop.run();
    answer.send("nobody reads this");
    exchange.request().headers().set("x-later", "1");

    assertThat(reply.status()).isEqualTo(200);
    Exchange copy = shadow.calls.getFirst().exchange();
    assertThat(copy.request().path()).isEqualTo("/items?a=1");
    assertThat(copy.request().headers().get("x-user")).hasToString("ann");
    assertThat(copy.request().headers().get("x-later")).as("heads are not shared").isNull();
    assertThat(answer.held()).isZero();
    assertThat(answer.credit).as("the copy's answer is read").isEqualTo(answer.sent);
  }

  @Test
  void neitherWaitsForACopyNorFailsWithIt() {
    ScriptedService shadow =
        new ScriptedService(hangs(), fails(MeshError.CONNECT_FAILED, Progress.NOT_SENT));
    HttpService service = layer(shadow, 1, 1).wrap(ScriptedService.always(status(200)));
    for (int i = 0; i < 2; i++) {
      RecordingReply each = new RecordingReply();
      service.handle(loop.get("/"), each);
      assertThat(each.status()).isEqualTo(200);
    }
    loop.run();
    assertThat(shadow.calls).hasSize(2);
    assertThat(result("failed")).isEqualTo(1);
  }

  @Test
  void copiesTheShareThatIsAskedFor() {
    ScriptedService shadow = ScriptedService.always(status(200));
    HttpService service = layer(shadow, 20, 100).wrap(ScriptedService.always(status(200)));
    for (int i = 0; i < 5_000; i++) {
      service.handle(loop.get("/"), new RecordingReply());
      loop.run();
    }
    assertThat(shadow.calls.size()).isCloseTo(1_000, within(100));
    assertThat(result("answered")).isEqualTo(shadow.calls.size());

    ScriptedService never = ScriptedService.always(status(200));
    layer(never, 0, 100).wrap(ScriptedService.always(status(200))).handle(loop.get("/"), reply);
    loop.run();
    assertThat(never.calls).isEmpty();
  }

  @Test
  void givesBothTheWholeBody() {
    TestBody body = new TestBody();
    List<CollectingSink> sinks = new ArrayList<>();
    HttpService collecting = (exchange, ignored) -> sinks.add(CollectingSink.on(exchange.body()));
    Exchange exchange = loop.post("/", body.pipe);

    layer(collecting, 1, 1).wrap(collecting).handle(exchange, reply);
    body.send("first ");
    loop.run();
    body.send("second");
    body.pipe.end(null);

    assertThat(sinks).hasSize(2);
    assertThat(sinks)
        .allSatisfy(sink -> {
          assertThat(sink.text()).isEqualTo("first second");
          assertThat(sink.ended).isTrue();
        });
    assertThat(body.credit).as("credit once").isEqualTo(body.sent);
    assertThat(body.held()).isZero();
  }

  @Test
  void cutsACopyWhoseReaderIsTooFarBehindAndNotTheRequest() {
    TestBody body = new TestBody();
    List<CollectingSink> sinks = new ArrayList<>();
    HttpService main = (exchange, ignored) -> sinks.add(CollectingSink.on(exchange.body()));
    HttpService slow =
        (exchange, answered) -> {
          CollectingSink sink = CollectingSink.slowOn(exchange.body());
          sinks.add(sink);
        };
    layer(slow, 1, 1).wrap(main).handle(loop.post("/", body.pipe), reply);
    loop.run();
    String block = "x".repeat(64 * 1024);
    for (int i = 0; i < 10; i++) {
      body.send(block);
    }
    body.pipe.end(null);

    assertThat(sinks.getFirst().text()).hasSize(10 * block.length());
    assertThat(sinks.getFirst().ended).isTrue();
    assertThat(sinks.getLast().failure).isNotNull();
    assertThat(sinks.getLast().text().length()).isEqualTo(MirrorLayer.BODY_BYTES_MAX);
    assertThat(body.credit).isEqualTo(body.sent);
    assertThat(body.held()).isZero();
  }

  @Test
  void cutsTheCopyWhenTheRequestsBodyIsCutOrNotWanted() {
    TestBody body = new TestBody();
    List<CollectingSink> copies = new ArrayList<>();
    HttpService collecting = (exchange, ignored) -> copies.add(CollectingSink.on(exchange.body()));
    HttpService refusing = (exchange, ignored) -> exchange.body().abandon();
    layer(collecting, 1, 1).wrap(refusing).handle(loop.post("/", body.pipe), reply);
    loop.run();
    assertThat(copies.getFirst().failure).isNotNull();
    assertThat(body.abandoned).isTrue();
  }

  @Test
  void boundsTheCopiesUnderWay() {
    ScriptedService shadow = ScriptedService.always(hangs());
    HttpService service = layer(shadow, 1, 1).wrap(ScriptedService.always(status(200)));
    for (int i = 0; i < MirrorLayer.UNDER_WAY_MAX + 3; i++) {
      service.handle(loop.get("/"), new RecordingReply());
    }
    loop.run();
    assertThat(shadow.calls).hasSize(MirrorLayer.UNDER_WAY_MAX);
    assertThat(result("dropped")).isEqualTo(3);
  }

  @Test
  void copiesNoTunnel() {
    ScriptedService shadow = ScriptedService.always(status(200));
    layer(shadow, 1, 1)
        .wrap(ScriptedService.always(status(200)))
        .handle(loop.request("CONNECT", ""), reply);
    layer(shadow, 1, 1)
        .wrap(ScriptedService.always(status(200)))
        .handle(loop.upgrade("/socket", new TestBody().pipe), new RecordingReply());
    loop.run();
    assertThat(shadow.calls).isEmpty();
  }

  private MirrorLayer layer(HttpService to, int numerator, int denominator) {
    return new MirrorLayer(
        to,
        numerator,
        denominator,
        loop.random,
        new MirrorMeters(loop.metrics, CART, "shop/r/0"),
        "shop/r/0/mirror");
  }

  private long result(String result) {
    return loop.metrics
        .scrape()
        .lines()
        .filter(line -> line.startsWith("mirror_total{") && line.contains("\"" + result + "\""))
        .mapToLong(line -> (long) Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }
}
