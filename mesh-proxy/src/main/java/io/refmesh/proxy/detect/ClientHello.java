package io.refmesh.proxy.detect;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * The first message of TLS, read without consuming it. It may come in any number of segments and of
 * records.
 *
 * <pre>
 * record       0x16 | 0x03 0x00..0x04 | length (2) | fragment …            RFC 8446 §5.1
 * handshake    0x01 | length (3) | body                                    RFC 8446 §4, fragments put together
 * body         version (2) | random (32) | session id &lt;1&gt; | cipher suites &lt;2&gt; | compression &lt;1&gt; | extensions &lt;2&gt;
 * extension    type (2) | data &lt;2&gt;
 * server_name  type 0:  list &lt;2&gt; of  0x00 | name &lt;2&gt;                        RFC 6066 §3
 * ALPN         type 16: list &lt;2&gt; of  protocol &lt;1&gt;                           RFC 7301 §3.1
 * </pre>
 *
 * {@code <n>}: preceded by its length in n bytes.
 */
final class ClientHello {

  static final byte RECORD_HANDSHAKE = 0x16;

  private static final int RECORD_HEADER_BYTES = 5;
  private static final int RECORD_BYTES_MAX = 1 << 14;
  private static final int HANDSHAKE_CLIENT_HELLO = 1;
  private static final int HANDSHAKE_HEADER_BYTES = 4;
  private static final int EXTENSION_SERVER_NAME = 0;
  private static final int EXTENSION_ALPN = 16;

  private ClientHello() {}

  /** Empty when more bytes are needed; opaque when it is no ClientHello after all. */
  static Optional<Protocol> peek(ByteBuf bytes, int available) {
    int at = bytes.readerIndex();
    int end = at + available;
    byte[] message = new byte[available];
    int gathered = 0;
    int wanted = HANDSHAKE_HEADER_BYTES;
    while (gathered < wanted) {
      int header = peekRecordHeader(bytes, at, end);
      if (header == NOT_TLS) {
        return Optional.of(Protocol.OPAQUE);
      }
      if (header == INCOMPLETE) {
        return needMore(available);
      }
      at += RECORD_HEADER_BYTES;
      int present = Math.min(header, end - at);
      int taken = Math.min(present, message.length - gathered);
      bytes.getBytes(at, message, gathered, taken);
      gathered += taken;
      if (gathered > 0 && message[0] != HANDSHAKE_CLIENT_HELLO) {
        return Optional.of(Protocol.OPAQUE);
      }
      if (gathered >= HANDSHAKE_HEADER_BYTES) {
        wanted =
            HANDSHAKE_HEADER_BYTES
                + ((message[1] & 0xff) << 16 | (message[2] & 0xff) << 8 | (message[3] & 0xff));
        if (wanted > ProtocolDetector.BYTES_MAX - RECORD_HEADER_BYTES) {
          return Optional.of(Protocol.OPAQUE);
        }
      }
      at += header;
      if (gathered < wanted && at > end) {
        return needMore(available);
      }
    }
    return Optional.of(parse(new Reader(message, HANDSHAKE_HEADER_BYTES, wanted)));
  }

  /**
   * Many tiny records can make a small message large: beyond the bound it is nothing we look into.
   */
  private static Optional<Protocol> needMore(int available) {
    return available >= ProtocolDetector.BYTES_MAX
        ? Optional.of(Protocol.OPAQUE)
        : Optional.empty();
  }

  private static final int NOT_TLS = -1;
  private static final int INCOMPLETE = -2;

  /** The length of the record's fragment, or one of the two answers above. */
  private static int peekRecordHeader(ByteBuf bytes, int at, int end) {
    if (at < end && bytes.getByte(at) != RECORD_HANDSHAKE) {
      return NOT_TLS;
    }
    if (at + 1 < end && bytes.getByte(at + 1) != 3) {
      return NOT_TLS;
    }
    if (at + 2 < end && bytes.getUnsignedByte(at + 2) > 4) {
      return NOT_TLS;
    }
    if (at + RECORD_HEADER_BYTES > end) {
      return INCOMPLETE;
    }
    int length = bytes.getUnsignedShort(at + 3);
    return length == 0 || length > RECORD_BYTES_MAX ? NOT_TLS : length;
  }

  private static Protocol parse(Reader hello) {
    try {
      hello.skip(2 + 32);
      hello.skip(hello.number(1));
      hello.skip(hello.number(2));
      hello.skip(hello.number(1));
      Optional<String> serverName = Optional.empty();
      List<String> protocols = new ArrayList<>();
      if (hello.hasMore()) {
        Reader extensions = hello.part(hello.number(2));
        Set<Integer> types = new HashSet<>();
        while (extensions.hasMore()) {
          int type = extensions.number(2);
          if (!types.add(type)) {
            // Forbidden (RFC 8446 §4.2): the next reader may take the other one of two names.
            return Protocol.OPAQUE;
          }
          Reader data = extensions.part(extensions.number(2));
          if (type == EXTENSION_SERVER_NAME && data.hasMore()) {
            serverName = serverName(data.part(data.number(2)));
          } else if (type == EXTENSION_ALPN) {
            Reader list = data.part(data.number(2));
            while (list.hasMore()) {
              protocols.add(list.text(list.number(1)));
            }
          }
        }
      }
      return new Protocol.Tls(serverName, protocols);
    } catch (IndexOutOfBoundsException e) {
      // A length points beyond the message: not for us to answer, the server behind gets the bytes
      // as they came.
      return Protocol.OPAQUE;
    }
  }

  private static Optional<String> serverName(Reader list) {
    while (list.hasMore()) {
      int kind = list.number(1);
      String name = list.text(list.number(2));
      if (kind == 0) {
        return Optional.of(name.toLowerCase(Locale.ROOT));
      }
    }
    return Optional.empty();
  }

  /** A cursor that throws {@link IndexOutOfBoundsException} at its end. */
  private static final class Reader {
    private final byte[] bytes;
    private final int end;
    private int at;

    Reader(byte[] bytes, int from, int to) {
      this.bytes = bytes;
      this.at = from;
      this.end = to;
    }

    boolean hasMore() {
      return at < end;
    }

    int number(int size) {
      int from = advance(size);
      int value = 0;
      for (int i = 0; i < size; i++) {
        value = value << 8 | (bytes[from + i] & 0xff);
      }
      return value;
    }

    void skip(int length) {
      advance(length);
    }

    String text(int length) {
      return new String(bytes, advance(length), length, StandardCharsets.ISO_8859_1);
    }

    Reader part(int length) {
      int from = advance(length);
      return new Reader(bytes, from, from + length);
    }

    private int advance(int length) {
      if (length > end - at) {
        throw new IndexOutOfBoundsException(
            "length " + length + " with " + (end - at) + " bytes left");
      }
      int from = at;
      at += length;
      return from;
    }
  }
}
