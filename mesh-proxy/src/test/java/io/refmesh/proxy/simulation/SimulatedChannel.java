package io.refmesh.proxy.simulation;

import io.netty.buffer.ByteBuf;
import io.netty.channel.AbstractChannel;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One end of a simulated TCP connection, as epoll would show it: what the peer sent arrives cut and
 * late, a reset shows at once even while nothing is read, closing with unread bytes resets, and
 * what is sent to a closed end is answered with a reset.
 */
public final class SimulatedChannel extends AbstractChannel implements DuplexChannel {

  private static final ChannelMetadata METADATA = new ChannelMetadata(false, 16);

  /** As many bytes may be on their way, or unread at the peer. */
  private static final int WINDOW_BYTES = 64 * 1024;

  /**
   * A sender that was held up goes on when so many may be sent, as Linux has it. Were it told of
   * each byte that was read, it would send ever smaller pieces.
   */
  private static final int WRITABLE_BYTES = WINDOW_BYTES / 3;

  private static final int PIECES_PER_READ = 16;

  private final SimulatedNetwork network;
  private final SimulatedConfig config;
  private final String host;
  private @Nullable InetSocketAddress local;
  private @Nullable InetSocketAddress remote;
  private @Nullable SimulatedChannel peer;
  private @Nullable ChannelPromise connecting;
  private @Nullable Link link;
  private boolean connected;
  private boolean closed;

  private final ArrayDeque<byte[]> received = new ArrayDeque<>();
  private int unacknowledged;
  private boolean writeBlocked;
  private boolean readWanted;
  private boolean readScheduled;
  private boolean finReceived;
  private boolean endTold;
  private boolean resetReceived;
  private boolean inputShutdown;
  private boolean outputShutdown;

  SimulatedChannel(SimulatedNetwork network, String host) {
    super(null);
    this.network = network;
    this.host = host;
    this.config = new SimulatedConfig(this, network.allocator());
  }

  /** The end of the side that was called. */
  SimulatedChannel(SimulatedListener listener, SimulatedNetwork network, SimulatedChannel caller) {
    super(listener);
    this.network = network;
    this.config = new SimulatedConfig(this, network.allocator());
    local = caller.remote;
    remote = caller.local;
    host = caller.remote == null ? "" : caller.remote.getAddress().getHostAddress();
    peer = caller;
    connected = true;
    network.opened(this);
  }

  /** The host that this end is on. */
  public String host() {
    return host;
  }

  public @Nullable InetSocketAddress remote() {
    return remote;
  }

  /** The other end, once there is one. */
  public @Nullable SimulatedChannel peer() {
    return peer;
  }

  boolean called() {
    return parent() != null;
  }

  void link(Link drawn) {
    link = drawn;
  }

  /** The network answers the call; false when the caller has given up. */
  boolean answered(SimulatedListener listener) {
    ChannelPromise promise = connecting;
    if (promise == null || closed) {
      return false;
    }
    peer = listener.take(this);
    network.drawLinks(this, peer);
    connected = true;
    network.opened(this);
    eventLoop()
        .execute(() -> {
          connecting = null;
          if (closed) {
            promise.tryFailure(new ClosedChannelException());
          } else if (promise.trySuccess()) {
            pipeline().fireChannelActive();
          } else {
            close();
          }
        });
    return true;
  }

  void refused() {
    failConnect(new ConnectException("Connection refused: " + remote));
  }

  private void failConnect(Exception why) {
    ChannelPromise promise = connecting;
    if (promise != null) {
      eventLoop()
          .execute(() -> {
            connecting = null;
            promise.tryFailure(why);
            close();
          });
    }
  }

  void arrived(byte[] bytes) {
    SimulatedChannel sender = peer;
    if (closed && sender != null) {
      network.reset(this, sender);
    } else if (!resetReceived) {
      received.add(bytes);
      scheduleRead();
    }
  }

  void finArrived() {
    finReceived = true;
    scheduleRead();
  }

  /** What has arrived before may still be read. */
  void resetArrived() {
    if (closed || resetReceived) {
      return;
    }
    resetReceived = true;
    eventLoop()
        .execute(() -> {
          if (config.isAutoRead()) {
            readNow();
          }
          received.clear();
          if (!closed) {
            pipeline().fireExceptionCaught(new IOException("Connection reset by peer"));
            unsafe().close(voidPromise());
          }
        });
  }

  @Override
  protected void doBeginRead() {
    readWanted = true;
    scheduleRead();
  }

  private void scheduleRead() {
    if (!readScheduled
        && isRegistered()
        && (readWanted || config.isAutoRead())
        && (!received.isEmpty() || (finReceived && !endTold))) {
      readScheduled = true;
      eventLoop()
          .execute(() -> {
            readScheduled = false;
            readNow();
          });
    }
  }

  private void readNow() {
    if (closed || (inputShutdown && !finReceived) || (!readWanted && !config.isAutoRead())) {
      return;
    }
    int pieces = 0;
    while (pieces < PIECES_PER_READ && !closed) {
      byte[] piece = received.poll();
      if (piece == null) {
        break;
      }
      pieces++;
      readWanted = false;
      SimulatedChannel sender = peer;
      if (sender != null) {
        sender.acknowledged(piece.length);
      }
      ByteBuf bytes = alloc().ioBuffer(piece.length);
      pipeline().fireChannelRead(bytes.writeBytes(piece));
      if (!config.isAutoRead()) {
        break;
      }
    }
    if (pieces > 0) {
      pipeline().fireChannelReadComplete();
    }
    if (closed) {
      return;
    }
    if (received.isEmpty() && finReceived && !endTold && (readWanted || config.isAutoRead())) {
      endTold = true;
      readWanted = false;
      if (config.allowsHalfClosure()) {
        inputShutdown = true;
        pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
        pipeline().fireUserEventTriggered(ChannelInputShutdownReadComplete.INSTANCE);
      } else {
        unsafe().close(voidPromise());
      }
    } else {
      scheduleRead();
    }
  }

  private void acknowledged(int bytes) {
    unacknowledged -= bytes;
    if (writeBlocked && !closed && WINDOW_BYTES - unacknowledged >= WRITABLE_BYTES) {
      writeBlocked = false;
      eventLoop().execute(() -> ((Unsafe) unsafe()).goOn());
    }
  }

  @Override
  protected void doWrite(ChannelOutboundBuffer out) throws Exception {
    SimulatedChannel target = peer;
    Link drawn = link;
    if (target == null || drawn == null || outputShutdown || resetReceived) {
      throw new IOException("Broken pipe");
    }
    // Whoever is told that something is written may write more.
    while (!out.isEmpty() && !writeBlocked && !outputShutdown && !closed) {
      int most = WINDOW_BYTES - unacknowledged;
      Taken taken =
          new Taken(new byte[Math.max(0, (int) Math.min(most, out.totalPendingWriteBytes()))]);
      out.forEachFlushedMessage(taken);
      writeBlocked = taken.full;
      if (taken.length > 0) {
        unacknowledged += taken.length;
        network.send(this, target, drawn, taken.bytes, taken.length);
      }
      // Only now: who is told that all is written may end the connection.
      out.removeBytes(taken.length);
    }
  }

  /** What is written at once, as far as it goes. */
  private static final class Taken implements ChannelOutboundBuffer.MessageProcessor {

    private final byte[] bytes;
    private int length;
    private boolean full;

    Taken(byte[] bytes) {
      this.bytes = bytes;
    }

    @Override
    public boolean processMessage(Object message) {
      ByteBuf next = (ByteBuf) message;
      int fits = Math.min(next.readableBytes(), bytes.length - length);
      next.getBytes(next.readerIndex(), bytes, length, fits);
      length += fits;
      full = fits < next.readableBytes();
      return !full;
    }
  }

  @Override
  protected void doClose() {
    closed = true;
    ChannelPromise promise = connecting;
    if (promise != null) {
      connecting = null;
      promise.tryFailure(new ClosedChannelException());
    }
    SimulatedChannel target = peer;
    if (connected && target != null) {
      network.closed(this);
      if (config.resetsOnClose() || !received.isEmpty()) {
        network.reset(this, target);
      } else if (!outputShutdown && !resetReceived) {
        network.end(this, target);
      }
    }
    received.clear();
  }

  @Override
  protected void doShutdownOutput() {
    SimulatedChannel target = peer;
    if (target != null && !outputShutdown) {
      outputShutdown = true;
      network.end(this, target);
    }
  }

  @Nullable Link link() {
    return link;
  }

  @Override
  protected AbstractUnsafe newUnsafe() {
    return new Unsafe();
  }

  private final class Unsafe extends AbstractUnsafe {

    @Override
    public void connect(
        SocketAddress address, @Nullable SocketAddress own, ChannelPromise promise) {
      if (!promise.setUncancellable() || !ensureOpen(promise)) {
        return;
      }
      connecting = promise;
      remote = (InetSocketAddress) address;
      local = network.ephemeral(host);
      Future<?> timer =
          eventLoop()
              .schedule(
                  () ->
                      failConnect(new ConnectTimeoutException("connection timed out: " + address)),
                  config.getConnectTimeoutMillis(),
                  TimeUnit.MILLISECONDS);
      promise.addListener(done -> timer.cancel(false));
      network.call(SimulatedChannel.this, remote);
    }

    void goOn() {
      super.flush0();
    }

    @Override
    protected void flush0() {
      // As sockets do: while the kernel takes nothing, what is written only queues.
      if (!writeBlocked) {
        super.flush0();
      }
    }
  }

  @Override
  public SimulatedConfig config() {
    return config;
  }

  @Override
  public boolean isOpen() {
    return !closed;
  }

  @Override
  public boolean isActive() {
    return connected && !closed;
  }

  @Override
  public ChannelMetadata metadata() {
    return METADATA;
  }

  @Override
  protected boolean isCompatible(EventLoop loop) {
    return true;
  }

  @Override
  protected @Nullable SocketAddress localAddress0() {
    return local;
  }

  @Override
  protected @Nullable SocketAddress remoteAddress0() {
    return remote;
  }

  @Override
  protected void doBind(SocketAddress address) {
    throw new UnsupportedOperationException("a connection is not bound");
  }

  @Override
  protected void doDisconnect() {
    doClose();
  }

  @Override
  public boolean isInputShutdown() {
    return inputShutdown;
  }

  @Override
  public ChannelFuture shutdownInput() {
    return shutdownInput(newPromise());
  }

  @Override
  public ChannelFuture shutdownInput(ChannelPromise promise) {
    inputShutdown = true;
    return promise.setSuccess();
  }

  @Override
  public boolean isOutputShutdown() {
    return outputShutdown;
  }

  @Override
  public ChannelFuture shutdownOutput() {
    return shutdownOutput(newPromise());
  }

  @Override
  public ChannelFuture shutdownOutput(ChannelPromise promise) {
    ((AbstractUnsafe) unsafe()).shutdownOutput(promise);
    return promise;
  }

  @Override
  public boolean isShutdown() {
    return inputShutdown && outputShutdown;
  }

  @Override
  public ChannelFuture shutdown() {
    return shutdown(newPromise());
  }

  @Override
  public ChannelFuture shutdown(ChannelPromise promise) {
    inputShutdown = true;
    return shutdownOutput(promise);
  }

  @Override
  public @Nullable Channel parent() {
    return super.parent();
  }
}
