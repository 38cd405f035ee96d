package io.refmesh.toxiproxy.json;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.refmesh.toxiproxy.json.JsonValue.JsonArray;
import io.refmesh.toxiproxy.json.JsonValue.JsonBool;
import io.refmesh.toxiproxy.json.JsonValue.JsonNull;
import io.refmesh.toxiproxy.json.JsonValue.JsonNumber;
import io.refmesh.toxiproxy.json.JsonValue.JsonObject;
import io.refmesh.toxiproxy.json.JsonValue.JsonString;
import io.refmesh.toxiproxy.json.JsonValue.Member;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the first JSON value of a body and ignores what follows it, as Go's stream decoder does. A
 * general JSON library would accept and refuse nearly the same bodies, but clients compare the
 * words of the refusal.
 */
public final class JsonParser {
  /**
   * Go stops at 10000; this parser recurses on an event loop's stack, and no request nests deeper
   * than three.
   */
  private static final int DEPTH_MAX = 500;

  private final byte[] body;
  private int position;
  private int depth;

  private JsonParser(byte[] body) {
    this.body = body;
  }

  /** The first value in {@code body}. */
  public static JsonValue parse(byte[] body) throws JsonException {
    JsonParser parser = new JsonParser(body);
    parser.skipSpace();
    if (parser.position == body.length) {
      throw new JsonException("EOF");
    }
    return parser.value();
  }

  private JsonValue value() throws JsonException {
    int c = peekToken();
    return switch (c) {
      case '{' -> object();
      case '[' -> array();
      case '"' -> new JsonString(string());
      case 't' -> literal("true", new JsonBool(true));
      case 'f' -> literal("false", new JsonBool(false));
      case 'n' -> literal("null", new JsonNull());
      default -> {
        if (c == '-' || isDigit(c)) {
          yield number();
        }
        throw unexpected(c, "looking for beginning of value");
      }
    };
  }

  private JsonObject object() throws JsonException {
    enter();
    position++;
    List<Member> members = new ArrayList<>();
    if (peekToken() == '}') {
      position++;
      depth--;
      return new JsonObject(members);
    }
    while (true) {
      int c = peekToken();
      if (c != '"') {
        throw unexpected(c, "looking for beginning of object key string");
      }
      String name = string();
      c = peekToken();
      if (c != ':') {
        throw unexpected(c, "after object key");
      }
      position++;
      members.add(new Member(name, value()));
      c = peekToken();
      position++;
      if (c == '}') {
        depth--;
        return new JsonObject(members);
      }
      if (c != ',') {
        throw unexpected(c, "after object key:value pair");
      }
    }
  }

  private JsonArray array() throws JsonException {
    enter();
    position++;
    List<JsonValue> elements = new ArrayList<>();
    if (peekToken() == ']') {
      position++;
      depth--;
      return new JsonArray(elements);
    }
    while (true) {
      elements.add(value());
      int c = peekToken();
      position++;
      if (c == ']') {
        depth--;
        return new JsonArray(elements);
      }
      if (c != ',') {
        throw unexpected(c, "after array element");
      }
    }
  }

  private void enter() throws JsonException {
    if (++depth > DEPTH_MAX) {
      throw new JsonException("exceeded max depth");
    }
  }

  private JsonValue literal(String word, JsonValue value) throws JsonException {
    for (int i = 0; i < word.length(); i++) {
      int c = next();
      if (c != word.charAt(i)) {
        throw unexpected(c, "in literal " + word + " (expecting '" + word.charAt(i) + "')");
      }
    }
    return value;
  }

  private JsonNumber number() throws JsonException {
    int start = position;
    int c = next();
    if (c == '-') {
      c = next();
      if (!isDigit(c)) {
        throw unexpected(c, "in numeric literal");
      }
    }
    if (c != '0') {
      skipDigits();
    }
    if (at('.')) {
      position++;
      c = next();
      if (!isDigit(c)) {
        throw unexpected(c, "after decimal point in numeric literal");
      }
      skipDigits();
    }
    if (at('e') || at('E')) {
      position++;
      c = next();
      if (c == '+' || c == '-') {
        c = next();
      }
      if (!isDigit(c)) {
        throw unexpected(c, "in exponent of numeric literal");
      }
      skipDigits();
    }
    return new JsonNumber(new String(body, start, position - start, UTF_8));
  }

  private String string() throws JsonException {
    position++;
    StringBuilder text = new StringBuilder();
    ByteArrayOutputStream plain = new ByteArrayOutputStream();
    while (true) {
      int c = next();
      if (c == '"') {
        text.append(plain.toString(UTF_8));
        return replaceLoneSurrogates(text.toString());
      }
      if (c == '\\') {
        text.append(plain.toString(UTF_8));
        plain.reset();
        text.append(escape());
      } else if (c < 0x20) {
        throw unexpected(c, "in string literal");
      } else {
        plain.write(c);
      }
    }
  }

  private char escape() throws JsonException {
    int c = next();
    return switch (c) {
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case '\\', '/', '"' -> (char) c;
      case 'u' -> {
        int unit = 0;
        for (int i = 0; i < 4; i++) {
          int digit = next();
          int hex = digit < 0x80 ? Character.digit(digit, 16) : -1;
          if (hex < 0) {
            throw unexpected(digit, "in \\u hexadecimal character escape");
          }
          unit = unit * 16 + hex;
        }
        yield (char) unit;
      }
      default -> throw unexpected(c, "in string escape code");
    };
  }

  private static String replaceLoneSurrogates(String text) {
    // Encoding replaces what UTF-8 cannot hold by '?'; Go uses the replacement character instead.
    if (text.chars().noneMatch(c -> Character.isSurrogate((char) c))) {
      return text;
    }
    StringBuilder clean = new StringBuilder(text.length());
    text.codePoints()
        .forEach(
            point -> clean.appendCodePoint(point >= 0xD800 && point <= 0xDFFF ? 0xFFFD : point));
    return clean.toString();
  }

  private int peekToken() throws JsonException {
    skipSpace();
    if (position == body.length) {
      throw new JsonException("unexpected EOF");
    }
    return body[position] & 0xFF;
  }

  private int next() throws JsonException {
    if (position == body.length) {
      throw new JsonException("unexpected EOF");
    }
    return body[position++] & 0xFF;
  }

  private boolean at(char c) {
    return position < body.length && body[position] == c;
  }

  private void skipDigits() {
    while (position < body.length && isDigit(body[position])) {
      position++;
    }
  }

  private void skipSpace() {
    while (position < body.length && " \t\r\n".indexOf(body[position]) >= 0) {
      position++;
    }
  }

  private static boolean isDigit(int c) {
    return c >= '0' && c <= '9';
  }

  /**
   * Go prints the offending byte as a quoted character, a byte above 127 as the character of that
   * number.
   */
  private static JsonException unexpected(int c, String context) {
    String quoted =
        switch (c) {
          case '\'' -> "'\\''";
          case '"' -> "'\"'";
          case '\\' -> "'\\\\'";
          case 7 -> "'\\a'";
          case '\b' -> "'\\b'";
          case '\f' -> "'\\f'";
          case '\n' -> "'\\n'";
          case '\r' -> "'\\r'";
          case '\t' -> "'\\t'";
          case 0x0B -> "'\\v'";
          default -> {
            if (c < 0x20 || c == 0x7F) {
              yield String.format("'\\x%02x'", c);
            }
            boolean unprintable = (c >= 0x80 && c <= 0xA0) || c == 0xAD;
            yield unprintable ? String.format("'\\u%04x'", c) : "'" + (char) c + "'";
          }
        };
    return new JsonException("invalid character " + quoted + " " + context);
  }
}
