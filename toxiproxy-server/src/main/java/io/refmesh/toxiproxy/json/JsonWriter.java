package io.refmesh.toxiproxy.json;

import java.math.BigDecimal;

/**
 * Writes JSON byte for byte as Go's encoder does: compact, with {@code <}, {@code >} and {@code &}
 * escaped.
 */
public final class JsonWriter {
  private final StringBuilder out = new StringBuilder(256);

  /** Writes text that is JSON already: punctuation and the names of fields. */
  public JsonWriter raw(String json) {
    out.append(json);
    return this;
  }

  public JsonWriter number(long value) {
    out.append(value);
    return this;
  }

  public JsonWriter bool(boolean value) {
    out.append(value);
    return this;
  }

  /** A 32-bit float in the fewest digits that read back the same. */
  public JsonWriter number(float value) {
    float size = Math.abs(value);
    if (size == 0) {
      out.append(1 / value < 0 ? "-0" : "0");
    } else if (size < 1e-6f || size >= 1e21f) {
      BigDecimal exact = new BigDecimal(Float.toString(value)).stripTrailingZeros();
      int exponent = exact.precision() - exact.scale() - 1;
      out.append(exact.scaleByPowerOfTen(-exponent).toPlainString()).append('e');
      out.append(exponent < 0 ? "" : "+").append(exponent);
    } else {
      out.append(new BigDecimal(Float.toString(value)).stripTrailingZeros().toPlainString());
    }
    return this;
  }

  public JsonWriter string(String text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\b' -> out.append("\\b");
        case '\f' -> out.append("\\f");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '<', '>', '&', '\u2028', '\u2029' -> out.append(String.format("\\u%04x", (int) c));
        default -> {
          if (c < 0x20) {
            out.append(String.format("\\u%04x", (int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
    return this;
  }

  @Override
  public String toString() {
    return out.toString();
  }
}
