package io.refmesh.proxy.http.wire;

import io.netty.handler.codec.http2.Http2Flags;
import io.netty.handler.codec.http2.Http2FrameTypes;
import io.refmesh.model.discovery.HostPort;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/**
 * One end of an HTTP/2 connection on a plain socket that writes frames as the test spells them,
 * right or wrong, and blocks when it reads.
 */
public final class RawHttp2 implements AutoCloseable {

  private static final byte[] PREFACE =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

  /** {@code GET / http} by index, and a host. */
  private static final byte[] GET = {(byte) 0x82, (byte) 0x86, (byte) 0x84, 0x41, 1, 'c'};

  /** The same with POST. */
  private static final byte[] POST = {(byte) 0x83, (byte) 0x86, (byte) 0x84, 0x41, 1, 'c'};

  /** {@code :status 200}. */
  private static final byte[] OK = {(byte) 0x88};

  /** A frame that came. */
  public record Frame(int type, int flags, int stream, byte[] payload) {

    public boolean ends() {
      return (type == Http2FrameTypes.DATA || type == Http2FrameTypes.HEADERS)
          && (flags & Http2Flags.END_STREAM) != 0;
    }

    /** Four bytes of the payload as a number. */
    public int number(int at) {
      return (payload[at] & 0xff) << 24
          | (payload[at + 1] & 0xff) << 16
          | (payload[at + 2] & 0xff) << 8
          | (payload[at + 3] & 0xff);
    }
  }

  private final Socket socket;
  private final DataInputStream input;
  private final OutputStream output;

  private RawHttp2(Socket socket) throws IOException {
    this.socket = socket;
    socket.setSoTimeout(10_000);
    socket.setTcpNoDelay(true);
    input = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
    output = socket.getOutputStream();
  }

  /** Dials, and says the preface with empty SETTINGS. */
  public static RawHttp2 dial(HostPort to) throws IOException {
    RawHttp2 peer = new RawHttp2(new Socket(to.host(), to.port()));
    peer.output.write(PREFACE);
    peer.send(frame(Http2FrameTypes.SETTINGS, 0, 0));
    return peer;
  }

  /** Takes the preface of a connection that was accepted, and says empty SETTINGS. */
  public static RawHttp2 accepted(Socket socket) throws IOException {
    RawHttp2 peer = new RawHttp2(socket);
    peer.input.skipNBytes(PREFACE.length);
    peer.send(frame(Http2FrameTypes.SETTINGS, 0, 0));
    return peer;
  }

  public static byte[] frame(int type, int flags, int stream, byte... payload) {
    byte[] frame = new byte[9 + payload.length];
    frame[0] = (byte) (payload.length >> 16);
    frame[1] = (byte) (payload.length >> 8);
    frame[2] = (byte) payload.length;
    frame[3] = (byte) type;
    frame[4] = (byte) flags;
    frame[5] = (byte) (stream >> 24);
    frame[6] = (byte) (stream >> 16);
    frame[7] = (byte) (stream >> 8);
    frame[8] = (byte) stream;
    System.arraycopy(payload, 0, frame, 9, payload.length);
    return frame;
  }

  /** The head of a GET without body. */
  public static byte[] get(int stream) {
    return frame(
        Http2FrameTypes.HEADERS, Http2Flags.END_HEADERS | Http2Flags.END_STREAM, stream, GET);
  }

  /** The head of a POST whose body follows. */
  public static byte[] post(int stream) {
    return frame(Http2FrameTypes.HEADERS, Http2Flags.END_HEADERS, stream, POST);
  }

  /** The head of an answer. */
  public static byte[] ok(int stream, boolean end) {
    int flags = Http2Flags.END_HEADERS | (end ? Http2Flags.END_STREAM : 0);
    return frame(Http2FrameTypes.HEADERS, flags, stream, OK);
  }

  public static byte[] credit(int stream, int bytes) {
    return frame(
        Http2FrameTypes.WINDOW_UPDATE,
        0,
        stream,
        (byte) (bytes >> 24),
        (byte) (bytes >> 16),
        (byte) (bytes >> 8),
        (byte) bytes);
  }

  public static byte[] concat(byte[]... frames) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] one : frames) {
      all.writeBytes(one);
    }
    return all.toByteArray();
  }

  /** Whole, also when another thread writes. */
  public RawHttp2 send(byte[] frames) throws IOException {
    synchronized (output) {
      output.write(frames);
      output.flush();
    }
    return this;
  }

  /**
   * The next frame; EOFException at the end. SETTINGS and PING of the peer are answered, and what
   * came is given back to the connection's window.
   */
  public Frame read() throws IOException {
    int length = input.readUnsignedByte() << 16 | input.readUnsignedShort();
    int type = input.readUnsignedByte();
    int flags = input.readUnsignedByte();
    int stream = input.readInt() & 0x7fff_ffff;
    byte[] payload = input.readNBytes(length);
    if (payload.length < length) {
      throw new EOFException();
    }
    boolean answer = (flags & Http2Flags.ACK) == 0;
    if (answer && type == Http2FrameTypes.SETTINGS) {
      send(frame(Http2FrameTypes.SETTINGS, Http2Flags.ACK, 0));
    } else if (answer && type == Http2FrameTypes.PING) {
      send(frame(Http2FrameTypes.PING, Http2Flags.ACK, 0, payload));
    } else if (type == Http2FrameTypes.DATA && length > 0) {
      send(credit(0, length));
    }
    return new Frame(type, flags, stream, payload);
  }

  /** Reads on to the first frame of the type. */
  public Frame readUntil(int type) throws IOException {
    Frame frame = read();
    while (frame.type() != type) {
      frame = read();
    }
    return frame;
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
