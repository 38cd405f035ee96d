package io.refmesh.proxy.admin;

import io.refmesh.proxy.telemetry.JsonString;
import java.util.Collection;
import java.util.Map;

/**
 * Writes maps, collections, strings, numbers and booleans as JSON (RFC 8259), two spaces a level,
 * keys in the order of the map.
 */
final class Json {

  private final StringBuilder out = new StringBuilder(4096);

  private Json() {}

  static String write(Map<String, ?> object) {
    Json json = new Json();
    json.object(object, 0);
    return json.out.append('\n').toString();
  }

  private void value(Object value, int depth) {
    switch (value) {
      case Map<?, ?> object -> object(object, depth);
      case Collection<?> array -> array(array, depth);
      case Number number -> out.append(number);
      case Boolean bool -> out.append(bool);
      default -> string(value.toString());
    }
  }

  private void object(Map<?, ?> object, int depth) {
    if (object.isEmpty()) {
      out.append("{}");
      return;
    }
    char before = '{';
    for (Map.Entry<?, ?> entry : object.entrySet()) {
      out.append(before);
      newLine(depth + 1);
      string(entry.getKey().toString());
      out.append(": ");
      value(entry.getValue(), depth + 1);
      before = ',';
    }
    newLine(depth);
    out.append('}');
  }

  private void array(Collection<?> array, int depth) {
    if (array.isEmpty()) {
      out.append("[]");
      return;
    }
    char before = '[';
    for (Object element : array) {
      out.append(before);
      newLine(depth + 1);
      value(element, depth + 1);
      before = ',';
    }
    newLine(depth);
    out.append(']');
  }

  private void string(String text) {
    JsonString.append(out, text);
  }

  private void newLine(int depth) {
    out.append('\n').repeat("  ", depth);
  }
}
