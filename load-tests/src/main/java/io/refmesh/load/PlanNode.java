package io.refmesh.load;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;

/**
 * A JSON value that knows its line, its column and its path, so that a refusal can point at it.
 *
 * @param value a {@code Map<String, PlanNode>}, {@code List<PlanNode>}, String, BigDecimal,
 *     Boolean, or null for JSON null
 */
record PlanNode(String file, int line, int column, String path, @Nullable Object value) {

  /** Plans are flat; anything deeper is a mistake. */
  private static final int DEPTH_MAX = 8;

  static PlanNode parse(String file, String text) throws PlanRefused {
    try (JsonParser parser = new JsonFactory().createParser(text)) {
      parser.nextToken();
      PlanNode root = read(file, parser, "", 0);
      if (parser.nextToken() != null) {
        throw refusal(
            file,
            parser.currentTokenLocation(),
            "text after the end of the plan (expected: one JSON object)");
      }
      return root;
    } catch (JacksonException broken) {
      throw refusal(file, broken.getLocation(), "not JSON: " + broken.getOriginalMessage());
    }
  }

  PlanRefused refused(String expected) {
    return new PlanRefused(
        file
            + ":"
            + line
            + ":"
            + column
            + ": "
            + (path.isEmpty() ? "plan" : path)
            + ": "
            + shown()
            + " (expected: "
            + expected
            + ")");
  }

  @SuppressWarnings("unchecked") // read() puts nothing else into a Map
  Map<String, PlanNode> object() throws PlanRefused {
    if (value instanceof Map<?, ?> fields) {
      return (Map<String, PlanNode>) fields;
    }
    throw refused("an object");
  }

  @SuppressWarnings("unchecked") // read() puts nothing else into a List
  List<PlanNode> list(int sizeMax) throws PlanRefused {
    if (value instanceof List<?> items && !items.isEmpty() && items.size() <= sizeMax) {
      return (List<PlanNode>) items;
    }
    throw refused("a list of 1 to " + sizeMax + " entries");
  }

  String text(String expected) throws PlanRefused {
    if (value instanceof String text) {
      return text;
    }
    throw refused(expected);
  }

  boolean bool() throws PlanRefused {
    if (value instanceof Boolean bool) {
      return bool;
    }
    throw refused("true or false");
  }

  long whole(long from, long to) throws PlanRefused {
    if (value instanceof BigDecimal number
        && number.compareTo(BigDecimal.valueOf(from)) >= 0
        && number.compareTo(BigDecimal.valueOf(to)) <= 0
        && number.remainder(BigDecimal.ONE).signum() == 0) {
      return number.longValueExact();
    }
    throw refused("a whole number from " + from + " to " + to);
  }

  double number(String from, String to) throws PlanRefused {
    if (value instanceof BigDecimal number
        && number.compareTo(new BigDecimal(from)) >= 0
        && number.compareTo(new BigDecimal(to)) <= 0) {
      return number.doubleValue();
    }
    throw refused("a number from " + from + " to " + to);
  }

  private String shown() {
    return switch (value) {
      case null -> "null";
      case String text -> '"' + (text.length() > 60 ? text.substring(0, 60) + "…" : text) + '"';
      case Map<?, ?> ignored -> "an object";
      case List<?> items -> "a list of " + items.size();
      case BigDecimal number -> number.precision() > 30 ? "a long number" : number.toString();
      default -> value.toString();
    };
  }

  private static PlanNode read(String file, JsonParser parser, String path, int depth)
      throws PlanRefused {
    TokenStreamLocation at = parser.currentTokenLocation();
    JsonToken token = parser.currentToken();
    if (token == null || depth > DEPTH_MAX) {
      throw refusal(
          file,
          at,
          token == null
              ? "nothing (expected: a plan, an object with \"streams\")"
              : path + ": nested deeper than " + DEPTH_MAX);
    }
    Object value =
        switch (token) {
          case START_OBJECT -> fields(file, parser, path, depth);
          case START_ARRAY -> items(file, parser, path, depth);
          case VALUE_STRING -> parser.getString();
          case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> parser.getDecimalValue();
          case VALUE_TRUE -> true;
          case VALUE_FALSE -> false;
          default -> null;
        };
    return new PlanNode(file, at.getLineNr(), at.getColumnNr(), path, value);
  }

  private static Map<String, PlanNode> fields(
      String file, JsonParser parser, String path, int depth) throws PlanRefused {
    Map<String, PlanNode> fields = new LinkedHashMap<>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String name = parser.currentName();
      TokenStreamLocation at = parser.currentTokenLocation();
      String childPath = path.isEmpty() ? name : path + "." + name;
      parser.nextToken();
      if (fields.put(name, read(file, parser, childPath, depth + 1)) != null) {
        throw refusal(file, at, childPath + ": given twice (expected: every field once)");
      }
    }
    return fields;
  }

  private static List<PlanNode> items(String file, JsonParser parser, String path, int depth)
      throws PlanRefused {
    List<PlanNode> items = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      items.add(read(file, parser, path + "[" + items.size() + "]", depth + 1));
    }
    return items;
  }

  private static PlanRefused refusal(String file, @Nullable TokenStreamLocation at, String what) {
    return new PlanRefused(
        at == null
            ? file + ": " + what
            : file + ":" + at.getLineNr() + ":" + at.getColumnNr() + ": " + what);
  }
}
