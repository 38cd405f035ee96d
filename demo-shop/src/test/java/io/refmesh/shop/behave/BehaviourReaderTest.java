package io.refmesh.shop.behave;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refmesh.shop.json.Json;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class BehaviourReaderTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "[] | document: [] (expected: an object)",
        "{\"rulez\":[]} | rulez: unknown field (expected one of: rules, ready)",
        "{\"ready\":1} | ready: 1 (expected: true or false)",
        "{\"rules\":[{\"path\":\"items\"}]} | rules[0].path: \"items\" (expected: a path that starts with /)",
        "{\"rules\":[{\"percent\":101}]} | rules[0].percent: 101 (expected: a number from 0 to 100)",
        "{\"rules\":[{\"everyNth\":0}]} | rules[0].everyNth: 0 (expected: a whole number from 1",
        "{\"rules\":[{\"everyNth\":1.5}]} | rules[0].everyNth: 1.5 (expected: a whole number",
        "{\"rules\":[{\"percent\":1,\"firstN\":2}]} | rules[0].firstN: given beside percent (expected: only one)",
        "{\"rules\":[{},{\"status\":99}]} | rules[1].status: 99 (expected: a whole number from 200 to 599)",
        "{\"rules\":[{\"status\":500,\"hang\":true}]} | rules[0].status: given beside hang",
        "{\"rules\":[{\"hang\":true,\"reset\":true}]} | rules[0].hang: given beside reset",
        "{\"rules\":[{\"latency\":5}]} | rules[0].latency: 5 (expected: an object)",
        "{\"rules\":[{\"latency\":{\"fixed\":5}}]} | rules[0].latency.fixed: unknown field",
        "{\"rules\":[{\"latency\":{\"meanMs\":5}}]} | rules[0].latency.p99Ms: missing (expected: a number from 5 to 70)",
        "{\"rules\":[{\"latency\":{\"meanMs\":5,\"p99Ms\":4}}]} | rules[0].latency.p99Ms: 4 (expected: a number from 5 to 70)",
        "{\"rules\":[{\"effect\":false}]} | rules[0].effect: false (expected: false only with status, hang or reset)",
        "{\"rules\":[{\"path\":\"/a\",\"path\":\"/b\"}]} | document: not JSON: Duplicate",
        "{\"rules\":[ | document: not JSON: ",
      })
  void refusesWithTheFieldAndWhatWasExpected(String json, String message) {
    assertThatThrownBy(() -> BehaviourReader.read(json))
        .isInstanceOf(BehaviourException.class)
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"rules\":[],\"ready\":false}",
        "{\"rules\":[{\"path\":\"/\",\"method\":\"GET\",\"percent\":12.5,\"latency\":{\"fixedMs\":5},\"status\":503}],\"ready\":true}",
        "{\"rules\":[{\"path\":\"/a\",\"everyNth\":3,\"latency\":{\"meanMs\":2.0,\"p99Ms\":9.0},\"hang\":true}],\"ready\":true}",
        "{\"rules\":[{\"path\":\"/a\",\"firstN\":3,\"partialBody\":10,\"reset\":true}],\"ready\":true}",
        "{\"rules\":[{\"path\":\"/a\",\"shareSeeded\":3.0,\"reset\":true,\"effect\":false}],\"ready\":true}",
        "{\"rules\":[{\"path\":\"/a\",\"partialBody\":0,\"hang\":true},{\"path\":\"/\"}],\"ready\":true}",
      })
  void writesWhatItRead(String json) throws Exception {
    byte[] written = Json.bytes(BehaviourWriter.write(BehaviourReader.read(json)));
    assertThat(new String(written, StandardCharsets.UTF_8)).isEqualTo(json);
  }

  @Test
  void anEmptyDocumentIsGoodBehaviour() throws Exception {
    assertThat(BehaviourReader.read("{}")).isEqualTo(Behaviour.GOOD);
  }
}
