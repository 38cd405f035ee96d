package io.refmesh.toxiproxy.link;

import io.netty.buffer.ByteBuf;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A first-in-first-out queue of chunks with the time each was received: a ring that grows and never
 * allocates per chunk. It owns the buffers it holds; whoever takes one out owns it from then on.
 */
final class ChunkQueue {
  private @Nullable ByteBuf[] chunks = new @Nullable ByteBuf[2];
  private long[] received = new long[2];
  private int head;
  private int size;

  int size() {
    return size;
  }

  boolean isEmpty() {
    return size == 0;
  }

  /** Takes ownership of {@code chunk}. */
  void add(ByteBuf chunk, long receivedNanos) {
    if (size == received.length) {
      grow();
    }
    int tail = (head + size) & (received.length - 1);
    chunks[tail] = chunk;
    received[tail] = receivedNanos;
    size++;
  }

  /** Looks at the oldest chunk, which stays the queue's. */
  ByteBuf peek() {
    ByteBuf chunk = chunks[head];
    if (chunk == null) {
      throw new IllegalStateException("the queue is empty; ask isEmpty() first");
    }
    return chunk;
  }

  long peekReceivedNanos() {
    return received[head];
  }

  /** Removes the oldest chunk and hands it to the caller. */
  ByteBuf poll() {
    ByteBuf chunk = peek();
    chunks[head] = null;
    head = (head + 1) & (received.length - 1);
    size--;
    return chunk;
  }

  /** Puts what {@code replacement} makes of the newest chunk in its place. */
  void replaceTail(UnaryOperator<ByteBuf> replacement) {
    int tail = (head + size - 1) & (received.length - 1);
    ByteBuf chunk = chunks[tail];
    if (chunk == null) {
      throw new IllegalStateException("the queue is empty; ask isEmpty() first");
    }
    chunks[tail] = replacement.apply(chunk);
  }

  /** Releases everything. */
  void clear() {
    while (size > 0) {
      poll().release();
    }
  }

  private void grow() {
    int capacity = received.length;
    @Nullable ByteBuf[] largerChunks = new @Nullable ByteBuf[capacity * 2];
    long[] largerReceived = new long[capacity * 2];
    for (int i = 0; i < size; i++) {
      int from = (head + i) & (capacity - 1);
      largerChunks[i] = chunks[from];
      largerReceived[i] = received[from];
    }
    chunks = largerChunks;
    received = largerReceived;
    head = 0;
  }
}
