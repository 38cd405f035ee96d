package io.refmesh.toxiproxy.json;

import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A parsed JSON value with the conversions of Go's decoder: they refuse with Go's words and name
 * the Go type and field that clients of the original see.
 */
public sealed interface JsonValue {

  /** Go's word for this kind of value in its error messages. */
  String kind();

  /** Members in the order of the text; a name may come twice, then the later one counts. */
  record JsonObject(List<Member> members) implements JsonValue {
    @Override
    public String kind() {
      return "object";
    }
  }

  /** One name and its value. */
  record Member(String name, JsonValue value) {

    /** Whether this member sets {@code field}: upper and lower case are the same to Go. */
    public boolean sets(String field) {
      return name.equalsIgnoreCase(field) && !(value instanceof JsonNull);
    }
  }

  /** An array. */
  record JsonArray(List<JsonValue> elements) implements JsonValue {
    @Override
    public String kind() {
      return "array";
    }
  }

  /** A string, its escapes resolved. */
  record JsonString(String text) implements JsonValue {
    @Override
    public String kind() {
      return "string";
    }
  }

  /** A number as it was written. */
  record JsonNumber(String literal) implements JsonValue {
    @Override
    public String kind() {
      return "number";
    }
  }

  /** True or false. */
  record JsonBool(boolean value) implements JsonValue {
    @Override
    public String kind() {
      return "bool";
    }
  }

  /** Null: leaves whatever it is assigned to as it was. */
  record JsonNull() implements JsonValue {
    @Override
    public String kind() {
      return "null";
    }
  }

  Pattern INTEGER = Pattern.compile("-?[0-9]+");

  /** The members of an object, none for null; {@code goType} names what was expected. */
  default List<Member> membersAsValue(String goType) throws JsonException {
    return switch (this) {
      case JsonObject(List<Member> members) -> members;
      case JsonNull() -> List.of();
      default ->
          throw new JsonException(
              "json: cannot unmarshal " + kind() + " into Go value of type " + goType);
    };
  }

  /** The elements of an array, or null for null. */
  default @Nullable List<JsonValue> elementsAsValue(String goType) throws JsonException {
    return switch (this) {
      case JsonArray(List<JsonValue> elements) -> elements;
      case JsonNull() -> null;
      default ->
          throw new JsonException(
              "json: cannot unmarshal " + kind() + " into Go value of type " + goType);
    };
  }

  /** The members of an object that is a field. */
  default List<Member> membersAsField(String goField, String goType) throws JsonException {
    if (this instanceof JsonObject(List<Member> members)) {
      return members;
    }
    throw mismatch(kind(), goField, goType);
  }

  default String asString(String goField) throws JsonException {
    if (this instanceof JsonString(String text)) {
      return text;
    }
    throw mismatch(kind(), goField, "string");
  }

  default boolean asBool(String goField) throws JsonException {
    if (this instanceof JsonBool(boolean value)) {
      return value;
    }
    throw mismatch(kind(), goField, "bool");
  }

  /** A 64-bit integer: {@code 10.0}, {@code 1e2} and {@code "10"} are refused, as Go does. */
  default long asLong(String goField, String goType) throws JsonException {
    if (!(this instanceof JsonNumber(String literal))) {
      throw mismatch(kind(), goField, goType);
    }
    try {
      if (INTEGER.matcher(literal).matches()) {
        return Long.parseLong(literal);
      }
    } catch (NumberFormatException tooLarge) {
      // Falls through to the same refusal: the number does not fit the type.
    }
    throw mismatch("number " + literal, goField, goType);
  }

  default float asFloat(String goField) throws JsonException {
    if (!(this instanceof JsonNumber(String literal))) {
      throw mismatch(kind(), goField, "float32");
    }
    float value = Float.parseFloat(literal);
    if (Float.isInfinite(value)) {
      throw mismatch("number " + literal, goField, "float32");
    }
    return value;
  }

  private static JsonException mismatch(String found, String goField, String goType) {
    return new JsonException(
        "json: cannot unmarshal "
            + found
            + " into Go struct field "
            + goField
            + " of type "
            + goType);
  }
}
