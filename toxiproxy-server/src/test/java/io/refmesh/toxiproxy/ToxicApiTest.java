package io.refmesh.toxiproxy;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The API for toxics, compared byte for byte with the original's answers. */
class ToxicApiTest {
  private static final String TOXICS = "/proxies/p/toxics";

  private final RunningServer toxiproxy = new RunningServer();

  @BeforeEach
  void makeProxy() {
    call(
        "POST",
        "/proxies",
        "{\"name\":\"p\",\"listen\":\"127.0.0.1:0\",\"upstream\":\"127.0.0.1:9\"}");
  }

  @AfterEach
  void stop() {
    toxiproxy.close();
  }

  private String call(String method, String path, String body) {
    return toxiproxy.call(method, path, body);
  }

  private String call(String method, String path) {
    return toxiproxy.call(method, path, "");
  }

  @Test
  void anAddedToxicIsAnsweredWith200AndReadBack() {
    String shown =
        "200 {\"attributes\":{\"latency\":100,\"jitter\":10},\"name\":\"foobar\",\"type\":\"latency\","
            + "\"stream\":\"downstream\",\"toxicity\":1}";
    assertThat(
            call(
                "POST",
                TOXICS,
                "{\"name\":\"foobar\",\"type\":\"latency\",\"attributes\":{\"latency\":100,\"jitter\":10}}"))
        .isEqualTo(shown);
    assertThat(call("GET", TOXICS + "/foobar")).isEqualTo(shown);
    assertThat(call("GET", TOXICS)).isEqualTo("200 [" + shown.substring(4) + "]");
  }

  @Test
  void theDefaultNameIsTypeAndStreamAsGivenAndStreamsMatchInAnyCase() {
    assertThat(call("POST", TOXICS, "{\"type\":\"latency\",\"stream\":\"UPSTREAM\"}"))
        .contains("\"name\":\"latency_UPSTREAM\",\"type\":\"latency\",\"stream\":\"UPSTREAM\"");
    assertThat(call("POST", TOXICS, "{\"type\":\"latency\"}"))
        .contains("\"name\":\"latency_downstream\"");
  }

  @Test
  void toxicsAreListedUpstreamFirstAndThenInOrderOfCreation() {
    toxiproxy.toxic("p", "{\"name\":\"d1\",\"type\":\"latency\"}");
    toxiproxy.toxic("p", "{\"name\":\"u1\",\"type\":\"latency\",\"stream\":\"upstream\"}");
    toxiproxy.toxic("p", "{\"name\":\"d2\",\"type\":\"bandwidth\"}");
    toxiproxy.toxic("p", "{\"name\":\"u2\",\"type\":\"noop\",\"stream\":\"upstream\"}");
    assertThat(
            call("GET", TOXICS)
                .replaceAll("\\{\"attributes\".*?\"name\":\"(..)\".*?toxicity\":1\\}", "$1"))
        .isEqualTo("200 [u1,u2,d1,d2]");
    assertThat(call("GET", "/proxies/p")).contains("\"toxics\":[{\"attributes\":{\"latency\":0");
  }

  @Test
  void aNameIsUniqueAcrossBothDirections() {
    toxiproxy.toxic("p", "{\"name\":\"foobar\",\"type\":\"latency\"}");
    String exists = "409 {\"error\":\"toxic already exists\",\"status\":409}";
    assertThat(call("POST", TOXICS, "{\"name\":\"foobar\",\"type\":\"slow_close\"}"))
        .isEqualTo(exists);
    assertThat(
            call(
                "POST",
                TOXICS,
                "{\"name\":\"foobar\",\"type\":\"latency\",\"stream\":\"upstream\"}"))
        .isEqualTo(exists);
  }

  @Test
  void defaultNamesOfBothDirectionsFitTogether() {
    toxiproxy.toxic("p", "{\"type\":\"latency\",\"stream\":\"upstream\"}");
    toxiproxy.toxic("p", "{\"type\":\"latency\"}");
    assertThat(call("POST", TOXICS, "{\"type\":\"latency\"}")).startsWith("409 ");
  }

  @Test
  void anyNumberIsAToxicity() {
    assertThat(call("POST", TOXICS, "{\"type\":\"noop\",\"name\":\"a\",\"toxicity\":0.2}"))
        .endsWith("\"toxicity\":0.2}");
    assertThat(call("POST", TOXICS, "{\"type\":\"noop\",\"name\":\"b\",\"toxicity\":7}"))
        .endsWith("\"toxicity\":7}");
    assertThat(call("POST", TOXICS, "{\"type\":\"noop\",\"name\":\"c\",\"toxicity\":-0.5}"))
        .endsWith("\"toxicity\":-0.5}");
  }

  @Test
  void noopHasNoAttributes() {
    assertThat(call("POST", TOXICS, "{\"type\":\"noop\",\"attributes\":{\"x\":1}}"))
        .isEqualTo(
            "200 {\"attributes\":{},\"name\":\"noop_downstream\",\"type\":\"noop\",\"stream\":\"downstream\","
                + "\"toxicity\":1}");
  }

  @Test
  void updatesMergeAttributesFieldByFieldAndIgnoreNameTypeAndStream() {
    toxiproxy.toxic(
        "p",
        "{\"name\":\"t\",\"type\":\"latency\",\"attributes\":{\"latency\":100,\"jitter\":10}}");
    assertThat(call("PATCH", TOXICS + "/t", "{\"attributes\":{\"latency\":1000},\"toxicity\":0.5}"))
        .startsWith("200 {\"attributes\":{\"latency\":1000,\"jitter\":10}")
        .endsWith("\"toxicity\":0.5}");
    assertThat(
            call(
                "POST",
                TOXICS + "/t",
                "{\"attributes\":{\"jitter\":500},\"name\":\"z\",\"type\":\"noop\",\"stream\":\"upstream\"}"))
        .isEqualTo(
            "200 {\"attributes\":{\"latency\":1000,\"jitter\":500},\"name\":\"t\",\"type\":\"latency\","
                + "\"stream\":\"downstream\",\"toxicity\":0.5}");
    assertThat(call("PATCH", TOXICS + "/t", "{\"attributes\":null,\"toxicity\":null}"))
        .contains("\"latency\":1000,\"jitter\":500");
  }

  @Test
  void aRemovedToxicIsGone() {
    toxiproxy.toxic("p", "{\"name\":\"t\",\"type\":\"latency\"}");
    assertThat(call("DELETE", TOXICS + "/t")).isEqualTo("204");
    assertThat(call("GET", TOXICS)).isEqualTo("200 []");
    assertThat(call("DELETE", TOXICS + "/t"))
        .isEqualTo("404 {\"error\":\"toxic not found\",\"status\":404}");
  }

  @Test
  void whatDoesNotExistIsNotFoundBeforeTheBodyIsRead() {
    assertThat(call("PATCH", TOXICS + "/t", "{"))
        .isEqualTo("404 {\"error\":\"toxic not found\",\"status\":404}");
    assertThat(call("POST", "/proxies/none/toxics", "{"))
        .isEqualTo("404 {\"error\":\"proxy not found\",\"status\":404}");
  }

  @Test
  void toxicsAreCheckedInTheOrderBodyStreamTypeNameAttributes() {
    toxiproxy.toxic("p", "{\"name\":\"t\",\"type\":\"latency\"}");
    assertThat(call("POST", TOXICS, "{\"type\":\"x\",\"stream\":\"y\",\"toxicity\":\"z\"}"))
        .contains(
            "bad request body: json: cannot unmarshal string into Go struct field ToxicWrapper.toxicity");
    assertThat(call("POST", TOXICS, "{\"type\":\"x\",\"stream\":\"y\"}"))
        .isEqualTo(
            "400 {\"error\":\"stream was invalid, can be either upstream or downstream\",\"status\":400}");
    assertThat(call("POST", TOXICS, "{\"type\":\"x\",\"name\":\"t\"}"))
        .isEqualTo("400 {\"error\":\"invalid toxic type\",\"status\":400}");
    assertThat(
            call(
                "POST",
                TOXICS,
                "{\"type\":\"latency\",\"name\":\"t\",\"attributes\":{\"latency\":\"x\"}}"))
        .startsWith("409 ");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {"type":"latency","attributes":{"latency":10.0}}  | number 10.0 into Go struct field LatencyToxic.attributes.latency of type int64
          {"type":"latency","attributes":{"latency":"10"}}  | string into Go struct field LatencyToxic.attributes.latency of type int64
          {"type":"slicer","attributes":{"delay":1e2}}      | number 1e2 into Go struct field SlicerToxic.attributes.delay of type int
          {"type":"bandwidth","attributes":{"rate":[]}}     | array into Go struct field BandwidthToxic.attributes.rate of type int64
          {"type":"noop","toxicity":1e50}                   | number 1e50 into Go struct field ToxicWrapper.toxicity of type float32
          {"type":"latency","attributes":[]}                | array into Go struct field ToxicWrapper.attributes of type toxics.NoopToxic
          []                                                | array into Go value of type toxics.ToxicWrapper
          """)
  void wrongTypesAreRefusedInTheWordsOfGo(String body, String words) {
    assertThat(call("POST", TOXICS, body))
        .isEqualTo(
            "400 {\"error\":\"bad request body: json: cannot unmarshal "
                + words
                + "\",\"status\":400}");
  }

  @Test
  void everyTypeShowsItsAttributesInOrder() {
    String[][] types = {
      {"bandwidth", "{\"rate\":0}"},
      {"slow_close", "{\"delay\":0}"},
      {"timeout", "{\"timeout\":0}"},
      {"reset_peer", "{\"timeout\":0}"},
      {"limit_data", "{\"bytes\":0}"},
      {"latency", "{\"latency\":0,\"jitter\":0}"},
    };
    for (String[] type : types) {
      assertThat(call("POST", TOXICS, "{\"type\":\"" + type[0] + "\"}"))
          .startsWith("200 {\"attributes\":" + type[1]);
    }
    assertThat(call("POST", TOXICS, "{\"type\":\"slicer\",\"attributes\":{\"average_size\":2}}"))
        .startsWith("200 {\"attributes\":{\"average_size\":2,\"size_variation\":0,\"delay\":0}");
  }
}
