package io.refmesh.proxy.http;

import io.netty.handler.codec.http2.Http2Headers;
import java.util.Iterator;
import java.util.Map;

/** What a trailer section may not hold (RFC 9113 §8.1). */
public final class Trailers {

  private Trailers() {}

  /** Netty keeps pseudo fields before all others, so the first one tells. */
  public static boolean havePseudoFields(Http2Headers trailers) {
    Iterator<Map.Entry<CharSequence, CharSequence>> fields = trailers.iterator();
    if (!fields.hasNext()) {
      return false;
    }
    CharSequence first = fields.next().getKey();
    return first.length() > 0 && first.charAt(0) == ':';
  }
}
