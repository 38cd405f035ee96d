package io.refmesh.shop.behave;

import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * One JSON object of a behaviour document, read field by field with the place named in every
 * refusal.
 */
final class Fields {
  private final JsonNode object;
  private final String place;

  private Fields(JsonNode object, String place) {
    this.object = object;
    this.place = place;
  }

  static Fields of(JsonNode node, String place, List<String> known) throws BehaviourException {
    if (!node.isObject()) {
      throw refused(place.isEmpty() ? "document" : place, node, "an object");
    }
    Fields fields = new Fields(node, place);
    for (String name : node.propertyNames()) {
      if (!known.contains(name)) {
        throw new BehaviourException(
            fields.at(name)
                + ": unknown field (expected one of: "
                + String.join(", ", known)
                + ")");
      }
    }
    return fields;
  }

  boolean has(String name) {
    return object.has(name);
  }

  @Nullable JsonNode node(String name) {
    return object.get(name);
  }

  boolean flag(String name, boolean otherwise) throws BehaviourException {
    JsonNode value = object.get(name);
    if (value == null) {
      return otherwise;
    }
    if (!value.isBoolean()) {
      throw refused(at(name), value, "true or false");
    }
    return value.booleanValue();
  }

  @Nullable String text(String name, String expected) throws BehaviourException {
    JsonNode value = object.get(name);
    if (value == null) {
      return null;
    }
    if (!value.isString()) {
      throw refused(at(name), value, expected);
    }
    return value.stringValue();
  }

  long whole(String name, long min, long max) throws BehaviourException {
    JsonNode value = object.get(name);
    if (value == null
        || !value.canConvertToLong()
        || value.longValue() < min
        || value.longValue() > max) {
      throw refused(at(name), value, "a whole number from " + min + " to " + max);
    }
    return value.longValue();
  }

  double number(String name, double min, double max) throws BehaviourException {
    JsonNode value = object.get(name);
    if (value == null
        || !value.isNumber()
        || value.doubleValue() < min
        || value.doubleValue() > max) {
      throw refused(at(name), value, "a number from " + plain(min) + " to " + plain(max));
    }
    return value.doubleValue();
  }

  String at(String name) {
    return place.isEmpty() ? name : place + "." + name;
  }

  static BehaviourException refused(String where, @Nullable JsonNode found, String expected) {
    String shown = found == null ? "missing" : found.toString();
    String bounded = shown.length() > 80 ? shown.substring(0, 80) + "…" : shown;
    return new BehaviourException(where + ": " + bounded + " (expected: " + expected + ")");
  }

  private static String plain(double number) {
    return number == Math.rint(number) ? Long.toString((long) number) : Double.toString(number);
  }
}
