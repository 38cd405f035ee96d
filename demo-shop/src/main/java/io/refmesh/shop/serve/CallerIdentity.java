package io.refmesh.shop.serve;

import java.util.ArrayList;
import java.util.List;

/**
 * The identity that a sidecar vouches for, from {@code x-forwarded-client-cert}.
 *
 * <pre>
 * header  = element *( "," element )     one per hop, the nearest last
 * element = pair *( ";" pair )
 * pair    = key "=" value                value may be "quoted", with \" and \\ inside
 * </pre>
 */
public final class CallerIdentity {
  public static final String UNKNOWN = "-";

  private CallerIdentity() {}

  /** The first {@code URI} of the last element of the last header, {@link #UNKNOWN} without one. */
  public static String of(List<String> headers) {
    if (headers.isEmpty()) {
      return UNKNOWN;
    }
    List<String> elements = split(headers.getLast(), ',');
    for (String pair : split(elements.getLast(), ';')) {
      int equals = pair.indexOf('=');
      if (equals > 0 && pair.substring(0, equals).strip().equalsIgnoreCase("URI")) {
        String uri = unquoted(pair.substring(equals + 1).strip());
        return uri.isEmpty() ? UNKNOWN : uri;
      }
    }
    return UNKNOWN;
  }

  /** Splits at separators outside quotes; always at least one part. */
  private static List<String> split(String text, char separator) {
    List<String> parts = new ArrayList<>();
    boolean quoted = false;
    int start = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (quoted && c == '\\') {
        i++;
      } else if (c == '"') {
        quoted = !quoted;
      } else if (c == separator && !quoted) {
        parts.add(text.substring(start, i));
        start = i + 1;
      }
    }
    parts.add(text.substring(start));
    return parts;
  }

  private static String unquoted(String value) {
    if (value.length() < 2 || !value.startsWith("\"") || !value.endsWith("\"")) {
      return value;
    }
    return value.substring(1, value.length() - 1).replace("\\\"", "\"").replace("\\\\", "\\");
  }
}
