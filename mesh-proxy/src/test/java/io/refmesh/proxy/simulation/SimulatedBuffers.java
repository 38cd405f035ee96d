package io.refmesh.proxy.simulation;

import io.netty.buffer.AbstractByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledHeapByteBuf;
import io.netty.buffer.UnpooledUnsafeDirectByteBuf;
import io.netty.util.concurrent.FastThreadLocal;
import io.netty.util.internal.CleanableDirectBuffer;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The buffers of one world, counted to the byte. What is given back is kept by its thread for the
 * next who asks, in the next world too: memory from outside the heap is dear to get and to clear.
 */
final class SimulatedBuffers extends AbstractByteBufAllocator {

  private static final int SMALLEST_BITS = 8;
  private static final int LARGEST_BITS = 17;

  /** Of one size, so many bytes are kept at most. */
  private static final int KEPT_BYTES = 1 << 20;

  private static final FastThreadLocal<Kept[]> KEPT =
      new FastThreadLocal<>() {
        @Override
        protected Kept[] initialValue() {
          Kept[] bySize = new Kept[LARGEST_BITS - SMALLEST_BITS + 1];
          for (int i = 0; i < bySize.length; i++) {
            bySize[i] = new Kept(1 << (SMALLEST_BITS + i));
          }
          return bySize;
        }
      };

  /** Changed by other threads too while the world waits for them. */
  private final AtomicLong held = new AtomicLong();

  SimulatedBuffers() {
    super(false);
  }

  /** Bytes that somebody has asked for and nobody has given back. */
  long heldBytes() {
    return held.get();
  }

  @Override
  protected ByteBuf newHeapBuffer(int initial, int most) {
    return new Heap(initial, most);
  }

  @Override
  protected ByteBuf newDirectBuffer(int initial, int most) {
    return new Direct(initial, most);
  }

  @Override
  public boolean isDirectBufferPooled() {
    return false;
  }

  private final class Heap extends UnpooledHeapByteBuf {

    Heap(int initial, int most) {
      super(SimulatedBuffers.this, initial, most);
    }

    @Override
    protected byte[] allocateArray(int length) {
      held.addAndGet(length);
      return super.allocateArray(length);
    }

    @Override
    protected void freeArray(byte[] array) {
      held.addAndGet(-array.length);
      super.freeArray(array);
    }
  }

  private final class Direct extends UnpooledUnsafeDirectByteBuf {

    Direct(int initial, int most) {
      super(SimulatedBuffers.this, initial, most);
    }

    @Override
    protected CleanableDirectBuffer allocateDirectBuffer(int length) {
      held.addAndGet(length);
      int bits = Math.max(SMALLEST_BITS, Integer.SIZE - Integer.numberOfLeadingZeros(length - 1));
      Kept kept = bits > LARGEST_BITS ? null : KEPT.get()[bits - SMALLEST_BITS];
      CleanableDirectBuffer memory = kept == null ? null : kept.free.poll();
      if (memory == null) {
        memory = super.allocateDirectBuffer(kept == null ? length : kept.length);
      }
      return new Part(memory, length, kept);
    }
  }

  /** What was asked for of memory that may be longer. */
  private final class Part implements CleanableDirectBuffer {

    private final CleanableDirectBuffer memory;
    private final @Nullable Kept kept;
    private final ByteBuffer buffer;

    Part(CleanableDirectBuffer memory, int length, @Nullable Kept kept) {
      this.memory = memory;
      this.kept = kept;
      this.buffer = memory.buffer().slice(0, length);
    }

    @Override
    public ByteBuffer buffer() {
      return buffer;
    }

    @Override
    public void clean() {
      held.addAndGet(-buffer.capacity());
      if (kept == null || !kept.keep(memory)) {
        memory.clean();
      }
    }
  }

  /** Memory of one size that nobody uses. */
  private static final class Kept {

    private final Thread owner = Thread.currentThread();
    private final int length;
    private final ArrayDeque<CleanableDirectBuffer> free = new ArrayDeque<>();

    Kept(int length) {
      this.length = length;
    }

    /** Whether it was; on another thread nothing is. */
    boolean keep(CleanableDirectBuffer memory) {
      if (Thread.currentThread() != owner || free.size() >= KEPT_BYTES / length) {
        return false;
      }
      free.push(memory);
      return true;
    }
  }
}
