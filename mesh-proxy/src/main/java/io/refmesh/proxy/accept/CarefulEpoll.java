package io.refmesh.proxy.accept;

import io.netty.channel.IoEvent;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.FileDescriptor;

/**
 * Epoll as Netty 4.2.18 drives it, with two corrections. On one event loop.
 *
 * <h2>A socket that waits for nothing stays registered</h2>
 *
 * <ol>
 *   <li>the peer ends its direction; the socket is not read any more, nothing is waiting to be
 *       written: it waits for nothing and Netty takes it out of epoll;
 *   <li>later a write fills the socket's buffer: Netty changes its events as if it were still
 *       there, gets ENOENT, and cuts a connection whose peers are well.
 * </ol>
 *
 * Here a socket that waits for nothing is registered edge-triggered without events: the kernel
 * reports errors and hang-ups once, and step 2 finds it there.
 *
 * <h2>An event reaches the socket that it is about</h2>
 *
 * <ol>
 *   <li>epoll reports events of two sockets at once;
 *   <li>the event of the first makes a handler close the second and open a third, which gets the
 *       second's descriptor number;
 *   <li>the event of the second, found by that number, would go to the third.
 * </ol>
 *
 * Here a socket hears nothing of the batch of events during which it was registered: none of them
 * can be about it.
 */
final class CarefulEpoll implements IoHandler {

  private final IoHandler epoll;
  private long batch;

  private CarefulEpoll(IoHandler epoll) {
    this.epoll = epoll;
  }

  static IoHandlerFactory newFactory() {
    IoHandlerFactory factory = EpollIoHandler.newFactory();
    return executor -> new CarefulEpoll(factory.newHandler(executor));
  }

  @Override
  public IoRegistration register(IoHandle handle) throws Exception {
    return new Registration(epoll.register(new FromNextBatch((EpollIoHandle) handle)));
  }

  @Override
  public void initialize() {
    epoll.initialize();
  }

  @Override
  public int run(IoHandlerContext context) {
    batch++;
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

  /** Passes events on, but not those of the batch during which it was made. */
  private final class FromNextBatch implements EpollIoHandle {

    private final EpollIoHandle handle;
    private final long madeIn = batch;

    FromNextBatch(EpollIoHandle handle) {
      this.handle = handle;
    }

    @Override
    public void handle(IoRegistration registration, IoEvent event) {
      if (madeIn != batch) {
        handle.handle(registration, event);
      }
    }

    @Override
    public FileDescriptor fd() {
      return handle.fd();
    }

    @Override
    public void registered() {
      handle.registered();
    }

    @Override
    public void unregistered() {
      handle.unregistered();
    }

    @Override
    public void close() throws Exception {
      handle.close();
    }
  }

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
