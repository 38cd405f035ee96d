package io.refmesh.proxy.http;

import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelPromise;

/**
 * Returns the credit for chunks of one body as their writes complete. Writes of one HTTP/2 stream
 * complete in their order, so the lengths wait in a ring and no object is made for a chunk. A write
 * that failed returns its credit as well: the chunk is gone.
 */
public final class WrittenBytes implements ChannelFutureListener {

  private final BodyPipe body;
  private int[] lengths = new int[8];
  private int first;
  private int count;

  public WrittenBytes(BodyPipe body) {
    this.body = body;
  }

  /** To be called before the write; returns the promise to write with. */
  public ChannelPromise track(ChannelPromise promise, int length) {
    if (count == lengths.length) {
      int[] larger = new int[count * 2];
      for (int i = 0; i < count; i++) {
        larger[i] = lengths[(first + i) % count];
      }
      lengths = larger;
      first = 0;
    }
    lengths[(first + count) % lengths.length] = length;
    count++;
    return promise.addListener(this);
  }

  @Override
  public void operationComplete(ChannelFuture written) {
    int length = lengths[first];
    first = (first + 1) % lengths.length;
    count--;
    body.consumed(length);
  }
}
