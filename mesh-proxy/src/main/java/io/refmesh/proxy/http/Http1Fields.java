package io.refmesh.proxy.http;

import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Fields between HTTP/1 and the form that the layers work on: lower-case names, without pseudo
 * headers and without what belongs to one connection (RFC 9110 §7.6.1), be it by its name or
 * because {@code Connection} names it.
 */
public final class Http1Fields {

  private static final AsciiString CONNECTION = AsciiString.cached("connection");
  private static final AsciiString COOKIE = AsciiString.cached("cookie");
  private static final AsciiString TE = AsciiString.cached("te");
  private static final AsciiString TRAILERS = AsciiString.cached("trailers");

  private Http1Fields() {}

  /** Copies fields of an HTTP/1 head or trailer; names become lower case once and here. */
  public static Http2Headers fromHttp1(HttpHeaders source) {
    Set<String> named = namedInConnection(source);
    Http2Headers target = new DefaultHttp2Headers(false, source.size() + 4);
    Iterator<Map.Entry<CharSequence, CharSequence>> fields = source.iteratorCharSequence();
    while (fields.hasNext()) {
      Map.Entry<CharSequence, CharSequence> field = fields.next();
      AsciiString name = AsciiString.of(field.getKey()).toLowerCase();
      if (TE.contentEquals(name)) {
        if (wantsTrailers(field.getValue())) {
          target.set(TE, TRAILERS);
        }
      } else if (!ofOneConnection(name) && (named.isEmpty() || !named.contains(name.toString()))) {
        target.add(name, field.getValue());
      }
    }
    return target;
  }

  /** The trailers of an HTTP/1 message; null when there are none. */
  public static @Nullable Http2Headers trailersFromHttp1(HttpHeaders source) {
    return source.isEmpty() ? null : fromHttp1(source);
  }

  /**
   * Adds all fields to an HTTP/1 head or trailer; the pieces of a cookie, which HTTP/2 may send
   * apart, become one field.
   */
  public static void toHttp1(Http2Headers source, HttpHeaders target) {
    StringBuilder cookies = null;
    CharSequence firstCookie = null;
    for (Map.Entry<CharSequence, CharSequence> field : source) {
      CharSequence name = field.getKey();
      if (name.length() > 0 && name.charAt(0) == ':') {
        continue;
      }
      if (TE.contentEquals(name)) {
        target.add(TE, field.getValue());
        target.add(CONNECTION, TE);
      } else if (COOKIE.contentEquals(name)) {
        if (firstCookie == null) {
          firstCookie = field.getValue();
        } else {
          cookies = cookies == null ? new StringBuilder(firstCookie) : cookies;
          cookies.append("; ").append(field.getValue());
        }
      } else {
        target.add(name, field.getValue());
      }
    }
    if (firstCookie != null) {
      target.add(COOKIE, cookies == null ? firstCookie : cookies.toString());
    }
  }

  private static boolean ofOneConnection(AsciiString name) {
    return switch (name.length()) {
      case 7 -> name.contentEquals("upgrade");
      case 10 -> name.contentEquals("connection") || name.contentEquals("keep-alive");
      case 14 -> name.contentEquals("http2-settings");
      case 16 -> name.contentEquals("proxy-connection");
      case 17 -> name.contentEquals("transfer-encoding");
      default -> false;
    };
  }

  private static boolean wantsTrailers(CharSequence te) {
    for (String coding : te.toString().split(",", -1)) {
      if (coding.trim().equalsIgnoreCase("trailers")) {
        return true;
      }
    }
    return false;
  }

  private static Set<String> namedInConnection(HttpHeaders source) {
    Set<String> named = Set.of();
    Iterator<String> values = source.valueStringIterator(CONNECTION);
    while (values.hasNext()) {
      String value = values.next();
      if (value.equalsIgnoreCase("keep-alive") || value.equalsIgnoreCase("close")) {
        continue;
      }
      if (named.isEmpty()) {
        named = new HashSet<>();
      }
      for (String name : value.split(",", -1)) {
        named.add(name.trim().toLowerCase(Locale.ROOT));
      }
    }
    return named;
  }
}
