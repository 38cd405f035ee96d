package io.refmesh.proxy.policy;

import java.util.ArrayDeque;
import java.util.Optional;
import java.util.StringJoiner;

/**
 * Paths in one spelling, so that a rule cannot be dodged by another one (RFC 3986 §6.2.2): escaped
 * unreserved characters are decoded, dot segments resolved, other escapes in upper case.
 *
 * <p>A path that servers are known to read in different ways has no such spelling: with an escaped
 * slash, backslash, dot-dot above the root, an empty segment, a parameter ({@code ;}), an escape
 * that is none, or a control character.
 */
final class NormalPath {

  private static final String UNRESERVED_MARKS = "-._~";

  private NormalPath() {}

  /**
   * @param path without its query
   * @return empty when it could be read in more than one way
   */
  static Optional<String> of(String path) {
    if (!path.startsWith("/")) {
      return Optional.empty();
    }
    if (plain(path)) {
      return Optional.of(path);
    }
    return decoded(path).flatMap(NormalPath::resolved);
  }

  /** The usual case, without allocation: letters, digits, dashes and single slashes. */
  private static boolean plain(String path) {
    char before = 0;
    for (int i = 0; i < path.length(); i++) {
      char c = path.charAt(i);
      boolean harmless =
          (c >= 'a' && c <= 'z')
              || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9')
              || c == '-'
              || c == '_'
              || (c == '/' && before != '/');
      if (!harmless) {
        return false;
      }
      before = c;
    }
    return true;
  }

  private static Optional<String> decoded(String path) {
    StringBuilder text = new StringBuilder(path.length());
    for (int i = 0; i < path.length(); i++) {
      char c = path.charAt(i);
      if (c == '\\' || c == ';' || c <= ' ' || c >= 0x7f) {
        return Optional.empty();
      }
      if (c != '%') {
        text.append(c);
        continue;
      }
      int high = i + 2 < path.length() ? Character.digit(path.charAt(i + 1), 16) : -1;
      int low = high < 0 ? -1 : Character.digit(path.charAt(i + 2), 16);
      if (low < 0) {
        return Optional.empty();
      }
      char meant = (char) (high << 4 | low);
      if (meant == '/' || meant == '\\' || meant == ';' || meant < ' ' || meant == 0x7f) {
        return Optional.empty();
      }
      if (unreserved(meant)) {
        text.append(meant);
      } else {
        text.append('%')
            .append(Character.toUpperCase(path.charAt(i + 1)))
            .append(Character.toUpperCase(path.charAt(i + 2)));
      }
      i += 2;
    }
    return Optional.of(text.toString());
  }

  private static Optional<String> resolved(String path) {
    ArrayDeque<String> segments = new ArrayDeque<>();
    String[] given = path.split("/", -1);
    for (int i = 1; i < given.length; i++) {
      boolean last = i == given.length - 1;
      switch (given[i]) {
        case "" -> {
          if (!last) {
            return Optional.empty();
          }
          segments.addLast("");
        }
        case "." -> {
          if (last) {
            segments.addLast("");
          }
        }
        case ".." -> {
          if (segments.pollLast() == null) {
            return Optional.empty();
          }
          if (last) {
            segments.addLast("");
          }
        }
        default -> segments.addLast(given[i]);
      }
    }
    StringJoiner joined = new StringJoiner("/", "/", "");
    segments.forEach(joined::add);
    return Optional.of(joined.toString());
  }

  private static boolean unreserved(char c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || UNRESERVED_MARKS.indexOf(c) >= 0;
  }
}
