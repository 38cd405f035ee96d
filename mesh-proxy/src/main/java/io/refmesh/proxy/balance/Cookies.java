package io.refmesh.proxy.balance;

import io.netty.handler.codec.http2.Http2Headers;
import org.jspecify.annotations.Nullable;

/** Finds one cookie among the pairs of all {@code Cookie} fields (RFC 6265 §4.2.1). */
final class Cookies {

  private Cookies() {}

  /** The value of the first cookie of that name; null when there is none. */
  static @Nullable CharSequence value(Http2Headers headers, String name) {
    for (CharSequence field : headers.getAll("cookie")) {
      CharSequence value = value(field, name);
      if (value != null) {
        return value;
      }
    }
    return null;
  }

  private static @Nullable CharSequence value(CharSequence field, String name) {
    int from = 0;
    while (from < field.length()) {
      int to = from;
      while (to < field.length() && field.charAt(to) != ';') {
        to++;
      }
      int start = from;
      while (start < to && blank(field.charAt(start))) {
        start++;
      }
      if (startsWithName(field, start, to, name)) {
        int end = to;
        while (end > start && blank(field.charAt(end - 1))) {
          end--;
        }
        return field.subSequence(
            start + name.length() + 1, Math.max(end, start + name.length() + 1));
      }
      from = to + 1;
    }
    return null;
  }

  private static boolean startsWithName(CharSequence field, int from, int to, String name) {
    int equals = from + name.length();
    if (equals >= to || field.charAt(equals) != '=') {
      return false;
    }
    for (int i = 0; i < name.length(); i++) {
      if (field.charAt(from + i) != name.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  private static boolean blank(char c) {
    return c == ' ' || c == '\t';
  }
}
