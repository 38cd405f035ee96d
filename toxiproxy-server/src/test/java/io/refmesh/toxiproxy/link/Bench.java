package io.refmesh.toxiproxy.link;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.concurrent.MockTicker;
import io.netty.util.concurrent.Ticker;
import io.refmesh.toxiproxy.toxic.Direction;
import io.refmesh.toxiproxy.toxic.Toxic;
import io.refmesh.toxiproxy.toxic.ToxicChange;
import io.refmesh.toxiproxy.toxic.ToxicType;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * A link between a source and a destination that the test plays, on a clock that the test moves.
 */
final class Bench implements LinkEnds {
  final List<String> arrived = new ArrayList<>();
  final List<Long> arrivedMicros = new ArrayList<>();
  final List<ByteBuf> buffers = new ArrayList<>();
  boolean full;
  boolean closed;
  int reads;
  final Link link;
  private final MockTicker ticker = Ticker.newMockTicker();
  private final EmbeddedChannel loop = EmbeddedChannel.builder().ticker(ticker).build();

  Bench(Toxic... toxics) {
    this(1, toxics);
  }

  Bench(long seed, Toxic... toxics) {
    link = new Link(loop.eventLoop(), this, seed);
    link.start(List.of(toxics));
  }

  static Toxic toxic(ToxicType type, long... attributes) {
    return toxic(type.wireName(), type, 1, attributes);
  }

  static Toxic toxic(String name, ToxicType type, float toxicity, long... attributes) {
    return new Toxic(
        name, type, "upstream", Direction.UPSTREAM, toxicity, type.attributes(attributes));
  }

  void add(Toxic toxic) {
    link.apply(new ToxicChange.Added(toxic));
    loop.runPendingTasks();
  }

  void update(Toxic toxic) {
    link.apply(new ToxicChange.Updated(toxic));
    loop.runPendingTasks();
  }

  void remove(Toxic toxic) {
    link.apply(new ToxicChange.Removed(toxic));
    loop.runPendingTasks();
  }

  /** Plays the source: only as many chunks as were asked for may come. */
  Bench send(String text) {
    if (reads == 0) {
      throw new AssertionError("the link did not ask for data");
    }
    reads--;
    ByteBuf chunk = Unpooled.copiedBuffer(text, UTF_8);
    buffers.add(chunk);
    link.received(chunk);
    link.readComplete();
    loop.runPendingTasks();
    return this;
  }

  Bench sendBytes(int count) {
    return send("x".repeat(count));
  }

  void end() {
    link.sourceEnded();
    loop.runPendingTasks();
  }

  Bench advanceMillis(long millis) {
    return advanceMicros(TimeUnit.MILLISECONDS.toMicros(millis));
  }

  Bench advanceMicros(long micros) {
    ticker.advance(micros, TimeUnit.MICROSECONDS);
    loop.runScheduledPendingTasks();
    loop.runPendingTasks();
    return this;
  }

  /** Does something on the loop when its turn comes. */
  void later(Runnable action) {
    loop.eventLoop().execute(action);
  }

  /** Moves the clock in steps of a millisecond, as an event loop would see it. */
  Bench pass(long millis) {
    for (long i = 0; i < millis; i++) {
      advanceMillis(1);
    }
    return this;
  }

  void drain() {
    full = false;
    link.pump();
    loop.runPendingTasks();
  }

  String text() {
    return String.join("", arrived);
  }

  List<Integer> sizes() {
    return arrived.stream().map(String::length).collect(Collectors.toList());
  }

  /** Whether every buffer handed in was released again. */
  boolean nothingLeaks() {
    return buffers.stream().allMatch(buffer -> buffer.refCnt() == 0);
  }

  @Override
  public void read() {
    reads++;
  }

  @Override
  public boolean writable() {
    return !full;
  }

  @Override
  public void write(ByteBuf chunk) {
    arrived.add(chunk.toString(UTF_8));
    arrivedMicros.add(TimeUnit.NANOSECONDS.toMicros(ticker.nanoTime()));
    chunk.release();
  }

  @Override
  public void close() {
    closed = true;
  }
}
