package io.refmesh.proxy.http;

import io.netty.channel.ChannelHandlerContext;

/**
 * Flushes a channel once for everything that was written to it since the event loop last looked at
 * its tasks: after all ready channels were read and before the loop sleeps. Independent of {@code
 * channelReadComplete}, which belongs to another channel than the one written to, and which a
 * stream's end may come after. On the event loop.
 */
public final class FlushLater implements Runnable {

  private final ChannelHandlerContext context;
  private boolean scheduled;

  public FlushLater(ChannelHandlerContext context) {
    this.context = context;
  }

  /** Something was written. */
  public void written() {
    if (!scheduled) {
      scheduled = true;
      context.executor().execute(this);
    }
  }

  @Override
  public void run() {
    scheduled = false;
    context.flush();
  }
}
