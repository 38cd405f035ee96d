package io.refmesh.proxy.accept;

import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollIoOps;

/**
 * Epoll as Netty drives it, but a socket that waits for nothing stays registered.
 *
 * <h2>Why</h2>
 *
 * Netty 4.2.18 takes a socket out of epoll when it waits for nothing and then changes its events as
 * if it were still there:
 *
 * <ol>
 *   <li>the peer ends its direction; the socket is not read any more, nothing is waiting to be
 *       written: it waits for nothing and is taken out;
 *   <li>later a write fills the socket's buffer: the change of events fails with ENOENT, and the
 *       connection is cut although both peers are well.
 * </ol>
 *
 * Here a socket that waits for nothing is registered edge-triggered without events: the kernel
 * reports errors and hang-ups once, and step 2 finds it there.
 */
final class StaysRegistered implements IoHandler {

  private final IoHandler epoll;

  private StaysRegistered(IoHandler epoll) {
    this.epoll = epoll;
  }

  static IoHandlerFactory newFactory() {
    IoHandlerFactory factory = EpollIoHandler.newFactory();
    return executor -> new StaysRegistered(factory.newHandler(executor));
  }

  @Override
  public IoRegistration register(IoHandle handle) throws Exception {
    return new Registration(epoll.register(handle));
  }

  @Override
  public void initialize() {
    epoll.initialize();
  }

  @Override
  public int run(IoHandlerContext context) {
    return epoll.run(context);
  }

  @Override
  public void prepareToDestroy() {
    epoll.prepareToDestroy();
  }

  @Override
  public void destroy() {
    epoll.destroy();
  }

  @Override
  public void wakeup() {
    epoll.wakeup();
  }

  @Override
  public boolean isCompatible(Class<? extends IoHandle> handleType) {
    return epoll.isCompatible(handleType);
  }

  /** On the event loop of the channel. */
  private static final class Registration implements IoRegistration {

    private final IoRegistration epoll;

    /** Before its first events a socket is not in epoll, and need not be. */
    private boolean added;

    Registration(IoRegistration epoll) {
      this.epoll = epoll;
    }

    @Override
    public long submit(IoOps events) {
      if (events instanceof EpollIoOps ops && ops.value() == EpollIoOps.NONE.value()) {
        return added ? epoll.submit(EpollIoOps.EPOLLET) : epoll.submit(events);
      }
      added = true;
      return epoll.submit(events);
    }

    @Override
    public <T> T attachment() {
      return epoll.attachment();
    }

    @Override
    public boolean isValid() {
      return epoll.isValid();
    }

    @Override
    public boolean cancel() {
      return epoll.cancel();
    }
  }
}
