package io.refmesh.shop.json;

import java.io.OutputStream;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The one JSON reader and writer of the shop; records and maps keep the order of their fields. */
public final class Json {
  private static final JsonMapper MAPPER =
      JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private Json() {}

  public static byte[] bytes(Object value) {
    return MAPPER.writeValueAsBytes(value);
  }

  public static void write(Object value, OutputStream out) {
    MAPPER.writeValue(out, value);
  }

  /**
   * Throws {@link tools.jackson.core.JacksonException} with line and column when the text is not
   * JSON.
   */
  public static JsonNode tree(String text) {
    return MAPPER.readTree(text);
  }

  /**
   * Throws {@link tools.jackson.core.JacksonException} with line and column when the text is not
   * JSON.
   */
  public static JsonNode tree(byte[] text) {
    return MAPPER.readTree(text);
  }
}
