package io.refmesh.proxy.admin;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class JsonTest {

  @Test
  void writesEveryKindOfValueInTheOrderOfTheMap() {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("text", "a");
    object.put("number", 12);
    object.put("truth", true);
    object.put("list", List.of("x", Map.of("y", 1.5)));
    object.put("nothing", List.of());
    object.put("none", Map.of());

    assertThat(Json.write(object))
        .isEqualTo(
            """
            {
              "text": "a",
              "number": 12,
              "truth": true,
              "list": [
                "x",
                {
                  "y": 1.5
                }
              ],
              "nothing": [],
              "none": {}
            }
            """);
  }

  @Test
  void escapesWhatCannotStandInAString() {
    assertThat(Json.write(Map.of("k\"", "\\ \n \u0001 \ud83d\ude00 ü")))
        .isEqualTo("{\n  \"k\\\"\": \"\\\\ \\n \\u0001 \\ud83d\\ude00 ü\"\n}\n");
  }
}
