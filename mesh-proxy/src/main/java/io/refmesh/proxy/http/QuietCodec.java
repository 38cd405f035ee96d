package io.refmesh.proxy.http;

import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Keeps Netty's HTTP/2 decoder from telling the log about every frame that crosses a reset: where
 * requests time out or are cancelled, that is a line for each of them, and nothing is wrong.
 */
public final class QuietCodec {

  /** Held here, because the logging system forgets the level of a logger that nobody holds. */
  private static final Logger DECODER =
      Logger.getLogger("io.netty.handler.codec.http2.DefaultHttp2ConnectionDecoder");

  static {
    DECODER.setLevel(Level.WARNING);
  }

  private QuietCodec() {}

  /** Has its effect with the first call. */
  public static void quiet() {
    // The initializer of the class has done it.
  }
}
