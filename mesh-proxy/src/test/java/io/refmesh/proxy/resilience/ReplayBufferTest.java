package io.refmesh.proxy.resilience;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import io.refmesh.proxy.http.BodyPipe;
import io.refmesh.proxy.scripted.CollectingSink;
import io.refmesh.proxy.scripted.TestBody;
import org.junit.jupiter.api.Test;

class ReplayBufferTest {

  private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(false);
  private final TestBody body = new TestBody();
  private final ReplayBuffer buffer = new ReplayBuffer(body.pipe, 1000, allocator);

  @Test
  void givesEveryTryTheSameBytesAndTrailers() {
    Http2Headers trailers = new DefaultHttp2Headers().add("checksum", "1");
    CollectingSink first = CollectingSink.on(buffer.first());
    body.send("a".repeat(700));
    body.send("b".repeat(300));
    body.pipe.end(trailers);

    CollectingSink second = CollectingSink.on(buffer.next());
    CollectingSink third = CollectingSink.on(buffer.next());

    assertThat(second.text()).isEqualTo(first.text()).hasSize(1000);
    assertThat(third.text()).isEqualTo(first.text());
    assertThat(third.trailers).isEqualTo(trailers);
    assertThat(first.failure).as("a try that had the whole body is not cut").isNull();
  }

  @Test
  void doesNotDelayTheFirstTry() {
    CollectingSink first = CollectingSink.on(buffer.first());
    body.send("now");
    assertThat(first.text()).isEqualTo("now");
  }

  @Test
  void givesCreditOnceForEachByte() {
    CollectingSink.slowOn(buffer.first());
    body.send("x".repeat(400));
    assertThat(body.credit).as("the first try has not taken it").isZero();

    BodyPipe second = buffer.next();
    buffer.cutBefore();
    assertThat(body.credit).as("the cut try will not take it").isEqualTo(400);
    CollectingSink sink = CollectingSink.on(second);
    assertThat(body.credit).as("replayed bytes give none").isEqualTo(400);
    body.send("y".repeat(100));

    assertThat(sink.text()).hasSize(500);
    assertThat(body.credit).isEqualTo(500);
  }

  @Test
  void givesUpPastTheLimitAndLetsTheBodyPass() {
    CollectingSink first = CollectingSink.on(buffer.first());
    body.send("x".repeat(1000));
    assertThat(buffer.replayable()).isTrue();
    body.send("y");

    assertThat(buffer.replayable()).isFalse();
    assertThat(first.text()).hasSize(1001);
    assertThatIllegalStateException().isThrownBy(buffer::next);
  }

  @Test
  void releasesTheCopyOnCommit() {
    CollectingSink first = CollectingSink.on(buffer.first());
    body.send("x".repeat(600));
    buffer.commit();
    body.send("y".repeat(600));
    body.pipe.end(null);

    assertThat(first.text()).hasSize(1200);
    assertThat(first.ended).isTrue();
    assertThat(body.held()).isZero();
    assertThat(body.credit).isEqualTo(1200);
  }

  @Test
  void keepsTheBodyForAnotherTryWhenTheFirstDoesNotWantIt() {
    BodyPipe first = buffer.first();
    body.send("abc");
    first.abandon();
    body.send("def");
    assertThat(body.abandoned).isFalse();

    CollectingSink second = CollectingSink.on(buffer.next());

    assertThat(second.text()).isEqualTo("abcdef");
    assertThat(body.credit).isEqualTo(6);
  }

  @Test
  void passesOnThatNobodyWantsTheBodyOnceThereIsNoOtherTry() {
    buffer.first().abandon();
    assertThat(body.abandoned).isFalse();
    buffer.commit();
    assertThat(body.abandoned).isTrue();
  }

  @Test
  void releasesEverythingWhenTheExchangeEndsAndNoTryTookTheBody() {
    buffer.first();
    body.send("x".repeat(100));
    buffer.next();
    body.send("y".repeat(100));
    assertThat(allocator.metric().usedHeapMemory()).isPositive();

    buffer.close();
    body.send("z");

    assertThat(allocator.metric().usedHeapMemory()).isZero();
    assertThat(body.held()).isZero();
    assertThat(body.abandoned).isTrue();
    assertThat(body.credit).isEqualTo(201);
  }

  @Test
  void copiesManySmallChunksIntoFewBlocks() {
    CollectingSink.on(buffer.first());
    for (int i = 0; i < 1000; i++) {
      body.send("z");
    }
    assertThat(body.held()).as("chunks that are slices of big buffers are not kept").isZero();
    assertThat(CollectingSink.on(buffer.next()).text()).isEqualTo("z".repeat(1000));
  }
}
