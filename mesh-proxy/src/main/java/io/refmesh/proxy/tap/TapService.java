package io.refmesh.proxy.tap;

import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.Status;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.model.wire.v1.TapEvent;
import io.refmesh.model.wire.v1.TapRequest;
import io.refmesh.proxy.http.BodyPipe;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.ResponseHead;
import io.refmesh.proxy.telemetry.Redaction;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The gRPC service {@code refmesh.v1.Tap}, one method, on the mesh's own HTTP/2 server: who asks is
 * known by his certificate, and must be one of those who may. Every answer to him begins with a
 * line in the log.
 */
public final class TapService implements HttpService {

  private static final Logger LOG = Logger.getLogger(TapService.class.getName());

  private static final String WATCH = "/refmesh.v1.Tap/Watch";

  /** A flag and the length come before each message. */
  private static final int PREFIX_BYTES = 5;

  private static final int REQUEST_BYTES_MAX = 16 * 1024;
  private static final int PER_SECOND_MAX = 1_000;

  /** On their way to the reader; the rest waits in its {@link Tap}, which has a bound. */
  private static final int OUTSTANDING_BYTES_MAX = 64 * 1024;

  private static final int OK = 200;

  private final Taps taps;
  private final Set<SpiffeId> allowed;
  private final Redaction redaction;

  public TapService(Taps taps, Set<SpiffeId> allowed, Redaction redaction) {
    this.taps = taps;
    this.allowed = Set.copyOf(allowed);
    this.redaction = redaction;
  }

  @Override
  public void handle(Exchange exchange, Reply reply) {
    String who = exchange.caller().identity().map(SpiffeId::uri).orElse("");
    if (!exchange.request().path().equals(WATCH)) {
      refuse(exchange, reply, Status.UNIMPLEMENTED, exchange.request().path());
    } else if (exchange.caller().identity().filter(allowed::contains).isEmpty()) {
      LOG.log(
          Level.WARNING,
          "tap refused: identity={0} client={1} (expected: one of {2})",
          new Object[] {who, exchange.caller().address(), allowed});
      refuse(exchange, reply, Status.PERMISSION_DENIED, who + " may not tap this workload");
    } else {
      exchange.body().attach(new Watch(exchange, reply, who));
    }
  }

  private static void refuse(Exchange exchange, Reply reply, Status status, String why) {
    exchange.body().abandon();
    Http2Headers headers = grpc();
    end(headers, status, why);
    reply.head(new ResponseHead(OK, headers, BodyPipe.empty(), true));
    reply.done(new Outcome.Answered(OK, status.getCode().value()));
  }

  private static Http2Headers grpc() {
    return new DefaultHttp2Headers(false).add("content-type", "application/grpc");
  }

  private static void end(Http2Headers headers, Status status, String why) {
    headers.add("grpc-status", Integer.toString(status.getCode().value()));
    if (!why.isEmpty()) {
      // Percent-encoded where it must be; texts of ours are ASCII, those of the caller may not be.
      headers.add("grpc-message", why.replaceAll("[^ -$&-~]", "?"));
    }
  }

  /** One call, from its request to its end. On the event loop of its connection. */
  private final class Watch implements BodyPipe.Sink, BodyPipe.Source, Exchange.Holder {

    private final Exchange exchange;
    private final Reply reply;
    private final String who;
    private final ByteBuf received = ByteBufAllocator.DEFAULT.heapBuffer(256, REQUEST_BYTES_MAX);
    private final AtomicBoolean scheduled = new AtomicBoolean();
    private @Nullable BodyPipe answer;
    private @Nullable Tap tap;
    private int outstanding;
    private boolean over;

    Watch(Exchange exchange, Reply reply, String who) {
      this.exchange = exchange;
      this.reply = reply;
      this.who = who;
    }

    // -- the request

    @Override
    public void data(ByteBuf chunk) {
      int bytes = chunk.readableBytes();
      boolean fits = !over && received.readableBytes() + bytes <= REQUEST_BYTES_MAX;
      if (fits) {
        received.writeBytes(chunk);
      }
      chunk.release();
      exchange.body().consumed(bytes);
      if (!fits && !over) {
        over = true;
        received.release();
        refuse(exchange, reply, Status.INVALID_ARGUMENT, "the request is too large");
      }
    }

    @Override
    public void end(@Nullable Http2Headers trailers) {
      if (over) {
        return;
      }
      TapRequest request;
      Tap asked;
      try {
        request = decode(received);
        asked = tap(request);
      } catch (IllegalArgumentException | InvalidProtocolBufferException e) {
        over = true;
        refuse(exchange, reply, Status.INVALID_ARGUMENT, String.valueOf(e.getMessage()));
        return;
      } finally {
        received.release();
      }
      if (!taps.add(asked)) {
        over = true;
        refuse(exchange, reply, Status.RESOURCE_EXHAUSTED, "too many watch already");
        return;
      }
      tap = asked;
      LOG.log(
          Level.INFO,
          "tap begun: identity={0} client={1} direction={2} method={3} path={4} authority={5}"
              + " peer={6} status={7} per_second={8} max={9}",
          new Object[] {
            who,
            exchange.caller().address(),
            asked.filter.direction(),
            asked.filter.method(),
            asked.filter.pathPrefix(),
            asked.filter.authority(),
            asked.filter.peer(),
            Integer.toString(asked.filter.statusClass()),
            Integer.toString(request.getMaxPerSecond()),
            Long.toString(request.getMaxRequests())
          });
      BodyPipe pipe = new BodyPipe(this);
      answer = pipe;
      reply.head(new ResponseHead(OK, grpc(), pipe, false));
      exchange.hold(this);
    }

    @Override
    public void failed(Outcome.Failed why) {
      // The caller went before his request was whole.
      if (!over) {
        over = true;
        received.release();
        reply.done(why);
      }
    }

    private Tap tap(TapRequest request) {
      int perSecond = request.getMaxPerSecond();
      if (perSecond < 1 || perSecond > PER_SECOND_MAX) {
        throw new IllegalArgumentException(
            "max_per_second: " + perSecond + " (expected: 1 to " + PER_SECOND_MAX + ")");
      }
      if (request.getMaxRequests() < 0) {
        throw new IllegalArgumentException(
            "max_requests: " + request.getMaxRequests() + " (expected: at least 0)");
      }
      return new Tap(
          TapFilter.of(request),
          redaction.and(request.getRedactList()),
          perSecond,
          request.getMaxRequests(),
          this::moreToRead);
    }

    private static TapRequest decode(ByteBuf bytes) throws InvalidProtocolBufferException {
      if (bytes.readableBytes() < PREFIX_BYTES
          || bytes.readByte() != 0
          || bytes.readInt() != bytes.readableBytes()) {
        throw new IllegalArgumentException(
            "the message cannot be read (expected: one, not compressed)");
      }
      byte[] message = new byte[bytes.readableBytes()];
      bytes.readBytes(message);
      return TapRequest.parseFrom(message);
    }

    // -- the answer

    /** On an event loop of traffic. */
    private void moreToRead() {
      if (scheduled.compareAndSet(false, true)) {
        exchange
            .loop()
            .execute(() -> {
              scheduled.set(false);
              write();
            });
      }
    }

    private void write() {
      Tap reading = tap;
      BodyPipe pipe = answer;
      if (over || reading == null || pipe == null) {
        return;
      }
      while (outstanding < OUTSTANDING_BYTES_MAX) {
        TapEvent event = reading.poll();
        if (event == null) {
          break;
        }
        byte[] message = event.toByteArray();
        outstanding += PREFIX_BYTES + message.length;
        pipe.data(
            ByteBufAllocator.DEFAULT
                .buffer(PREFIX_BYTES + message.length)
                .writeByte(0)
                .writeInt(message.length)
                .writeBytes(message));
        if (over) {
          return;
        }
      }
      if (reading.complete()) {
        stop();
        exchange.release(this);
        Http2Headers trailers = new DefaultHttp2Headers(false);
        TapService.end(trailers, Status.OK, "");
        pipe.end(trailers);
        reply.done(new Outcome.Answered(OK, 0));
      }
    }

    @Override
    public void consumed(int bytes) {
      outstanding -= bytes;
      if (outstanding < OUTSTANDING_BYTES_MAX / 2) {
        moreToRead();
      }
    }

    @Override
    public void abandoned() {
      // The exchange is cancelled as well, and that ends it.
    }

    @Override
    public void cancelled(Outcome why) {
      if (!over) {
        stop();
        reply.done(why);
      }
    }

    private void stop() {
      over = true;
      if (tap != null) {
        taps.remove(tap);
        LOG.log(
            Level.INFO,
            "tap ended: identity={0} client={1}",
            new Object[] {who, exchange.caller().address()});
      }
    }
  }
}
