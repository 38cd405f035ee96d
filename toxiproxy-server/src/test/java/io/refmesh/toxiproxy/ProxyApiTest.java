package io.refmesh.toxiproxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The API for proxies, compared byte for byte with the original's answers. */
class ProxyApiTest {
  private final RunningServer toxiproxy = new RunningServer();
  private final Upstream upstream = Upstream.echo();

  @AfterEach
  void stop() {
    toxiproxy.close();
    upstream.close();
  }

  private String call(String method, String path, String body) {
    return toxiproxy.call(method, path, body);
  }

  private String call(String method, String path) {
    return toxiproxy.call(method, path, "");
  }

  private static String json(String name, String listen, String upstream, boolean enabled) {
    return "{\"name\":\"%s\",\"listen\":\"%s\",\"upstream\":\"%s\",\"enabled\":%s}"
        .formatted(name, listen, upstream, enabled);
  }

  private static String shown(String name, String listen, String upstream, boolean enabled) {
    return "{\"name\":\"%s\",\"listen\":\"%s\",\"upstream\":\"%s\",\"enabled\":%s,\"Logger\":{},\"toxics\":[]}"
        .formatted(name, listen, upstream, enabled);
  }

  private static int freePort() {
    try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return probe.getLocalPort();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void everyHandledReplyCarriesARequestIdOfItsOwn() {
    HttpResponse<String> first = toxiproxy.send("GET", "/version", "");
    HttpResponse<String> second = toxiproxy.send("GET", "/proxies/none", "");
    assertThat(first.headers().firstValue("X-Toxiproxy-Request-Id").orElseThrow())
        .matches("[0-9a-v]{20}");
    assertThat(second.headers().firstValue("X-Toxiproxy-Request-Id").orElseThrow())
        .matches("[0-9a-v]{20}")
        .isNotEqualTo(first.headers().firstValue("X-Toxiproxy-Request-Id").orElseThrow());
  }

  @Test
  void browsersAreRefusedAndOthersAreNot() {
    HttpResponse<String> browser =
        toxiproxy.send(
            "GET", "/version", "", "User-Agent", "Mozilla/5.0 (Linux) AppleWebKit/537.11");
    assertThat(browser.statusCode()).isEqualTo(403);
    assertThat(browser.body()).isEqualTo("User agent not allowed\n");
    assertThat(toxiproxy.send("GET", "/version", "", "User-Agent", "Wget/2.1").statusCode())
        .isEqualTo(200);
  }

  @Test
  void versionIsGivenAsTheOriginalWritesIt() {
    HttpResponse<String> version = toxiproxy.send("GET", "/version", "");
    assertThat(version.body()).isEqualTo("{\"version\": \"git\"}\n");
    assertThat(version.headers().firstValue("Content-Type"))
        .contains("application/json;charset=utf-8");
  }

  @Test
  void unknownPathsAndMethodsAreAnsweredByTheRouter() {
    for (String path :
        new String[] {
          "/", "/nope", "/proxies/", "/metrics", "/proxies/a/nope", "/proxies/a/toxics/b/c"
        }) {
      HttpResponse<String> unknown = toxiproxy.send("GET", path, "");
      assertThat(unknown.statusCode()).as(path).isEqualTo(404);
      assertThat(unknown.body()).isEqualTo("404 page not found\n");
      assertThat(unknown.headers().firstValue("X-Content-Type-Options")).contains("nosniff");
      assertThat(unknown.headers().firstValue("X-Toxiproxy-Request-Id")).isEmpty();
    }
    for (String method : new String[] {"PUT", "DELETE", "HEAD", "OPTIONS"}) {
      assertThat(call(method, "/proxies")).isEqualTo("405");
    }
    HttpResponse<String> doubled = toxiproxy.send("GET", "/proxies//toxics", "");
    assertThat(doubled.statusCode()).isEqualTo(301);
    assertThat(doubled.headers().firstValue("Location")).contains("/proxies/toxics");
  }

  @Test
  void errorsAreJsonThatCallsItselfTextAndSuccessIsJsonWithoutNewline() {
    HttpResponse<String> error = toxiproxy.send("GET", "/proxies/none", "");
    assertThat(error.body()).isEqualTo("{\"error\":\"proxy not found\",\"status\":404}\n");
    assertThat(error.headers().firstValue("Content-Type")).contains("text/plain; charset=utf-8");
    assertThat(error.headers().firstValue("X-Content-Type-Options")).contains("nosniff");
    HttpResponse<String> success = toxiproxy.send("GET", "/proxies", "");
    assertThat(success.body()).isEqualTo("{}");
    assertThat(success.headers().firstValue("Content-Type")).contains("application/json");
  }

  @Test
  void bodiesAreJsonWhateverTheirContentTypeSays() {
    HttpResponse<String> created =
        toxiproxy.send(
            "POST",
            "/proxies",
            json("a", "localhost:1", "u:1", false),
            "Content-Type",
            "application/x-www-form-urlencoded");
    assertThat(created.statusCode()).isEqualTo(201);
  }

  @Test
  void createNeedsANameFirstAndThenAnUpstream() {
    assertThat(call("POST", "/proxies", "{}"))
        .isEqualTo("400 {\"error\":\"missing required field: name\",\"status\":400}");
    assertThat(call("POST", "/proxies", "{\"name\":\"x\"}"))
        .isEqualTo("400 {\"error\":\"missing required field: upstream\",\"status\":400}");
  }

  @Test
  void aCreatedProxyListensAndReadsBackTheAddressItReallyHas() {
    String created =
        call(
            "POST", "/proxies", json("mysql", "localhost:0", "127.0.0.1:" + upstream.port(), true));
    int port = RunningServer.port(created);
    String shown = shown("mysql", "127.0.0.1:" + port, "127.0.0.1:" + upstream.port(), true);
    assertThat(created).isEqualTo("201 " + shown);
    assertThat(call("GET", "/proxies/mysql")).isEqualTo("200 " + shown);
    assertThat(call("GET", "/proxies")).isEqualTo("200 {\"mysql\":" + shown + "}");
    assertThat(Client.listens(port)).isTrue();
  }

  @Test
  void anEmptyListenAddressIsAnyAddressAndAFreePort() {
    String created = call("POST", "/proxies", json("a", "", "u:1", true));
    assertThat(created).contains("\"listen\":\"[::]:" + RunningServer.port(created) + "\"");
  }

  @Test
  void proxiesAreListedInTheOrderOfTheirNames() {
    for (String name : new String[] {"b", "a", "C", "é"}) {
      call("POST", "/proxies", json(name, "localhost:1", "u:1", false));
    }
    assertThat(call("GET", "/proxies").replaceAll("\"(.)\":\\{\"name\".*?\\[\\]\\}", "$1"))
        .isEqualTo("200 {C,a,b,é}");
  }

  @Test
  void fieldNamesMatchInAnyCaseUnknownOnesAndAnythingAfterTheValueAreIgnored() {
    assertThat(
            call(
                "POST",
                "/proxies",
                "{\"NAME\":\"a\",\"Listen\":\"localhost:1\",\"uPstream\":\"u:1\",\"x\":[1],\"enabled\":false} what"))
        .isEqualTo("201 " + shown("a", "localhost:1", "u:1", false));
  }

  @Test
  void aDisabledProxyKeepsItsTextUntilItIsEnabled() {
    int port = freePort();
    String listen = "localhost:" + port;
    assertThat(call("POST", "/proxies", json("a", listen, "u:1", false)))
        .isEqualTo("201 " + shown("a", listen, "u:1", false));
    assertThat(Client.listens(port)).isFalse();
    assertThat(call("PATCH", "/proxies/a", "{\"enabled\":true}"))
        .isEqualTo("200 " + shown("a", "127.0.0.1:" + port, "u:1", true));
    assertThat(Client.listens(port)).isTrue();
    assertThat(call("POST", "/proxies/a", "{\"enabled\":false}"))
        .isEqualTo("200 " + shown("a", "127.0.0.1:" + port, "u:1", false));
    assertThat(Client.listens(port)).isFalse();
  }

  @Test
  void aDeletedProxyIsGoneAndItsPortFree() {
    int port = toxiproxy.proxy("a", upstream.port());
    assertThat(call("DELETE", "/proxies/a")).isEqualTo("204");
    assertThat(Client.listens(port)).isFalse();
    assertThat(call("DELETE", "/proxies/a"))
        .isEqualTo("404 {\"error\":\"proxy not found\",\"status\":404}");
    assertThat(call("POST", "/proxies", json("a", "127.0.0.1:" + port, "u:1", true)))
        .startsWith("201 ");
  }

  @Test
  void aPortInUseIsRefusedInTheWordsOfGoAndCanBeUsedWhenItIsFree() {
    int port = toxiproxy.proxy("a", upstream.port());
    String second = json("b", "127.0.0.1:" + port, "u:1", true);
    assertThat(call("POST", "/proxies", second))
        .isEqualTo(
            "500 {\"error\":\"listen tcp 127.0.0.1:"
                + port
                + ": bind: address already in use\",\"status\":500}");
    assertThat(call("GET", "/proxies/b")).startsWith("404 ");
    call("DELETE", "/proxies/a");
    assertThat(call("POST", "/proxies", second)).startsWith("201 ");
  }

  @Test
  void aNameCanBeUsedOnceUntilItIsDeleted() {
    toxiproxy.proxy("a", upstream.port());
    String again = json("a", "127.0.0.1:0", "u:1", true);
    assertThat(call("POST", "/proxies", again))
        .isEqualTo("409 {\"error\":\"proxy already exists\",\"status\":409}");
    call("DELETE", "/proxies/a");
    assertThat(call("POST", "/proxies", again)).startsWith("201 ");
  }

  @Test
  void anUpdateKeepsWhatItDoesNotNameAndIgnoresTheName() {
    int port = toxiproxy.proxy("a", upstream.port());
    assertThat(call("PATCH", "/proxies/a", "{\"name\":\"z\",\"upstream\":\"u:2\",\"listen\":null}"))
        .isEqualTo("200 " + shown("a", "127.0.0.1:" + port, "u:2", true));
  }

  @Test
  void anUpdateMovesThePort() {
    int before = toxiproxy.proxy("a", upstream.port());
    int after = freePort();
    assertThat(call("PATCH", "/proxies/a", "{\"listen\":\"localhost:" + after + "\"}"))
        .contains("\"listen\":\"127.0.0.1:" + after + "\"");
    assertThat(Client.listens(after)).isTrue();
    assertThat(Client.listens(before)).isFalse();
  }

  @Test
  void anUpdateToTheSameAddressUnderItsNameKeepsLiveConnections() throws IOException {
    int port = toxiproxy.proxy("a", upstream.port());
    try (Client client = new Client(port)) {
      assertThat(client.send("one").read(3)).isEqualTo("one");
      assertThat(call("PATCH", "/proxies/a", "{\"listen\":\"localhost:" + port + "\"}"))
          .startsWith("200 ");
      assertThat(client.send("two").read(3)).isEqualTo("two");
    }
  }

  @Test
  void anUpdateThatCannotListenLeavesTheProxyDisabledWithTheNewAddress() {
    int taken = toxiproxy.proxy("a", upstream.port());
    int before = toxiproxy.proxy("b", upstream.port());
    assertThat(call("PATCH", "/proxies/b", "{\"listen\":\"localhost:" + taken + "\"}"))
        .isEqualTo(
            "500 {\"error\":\"listen tcp 127.0.0.1:"
                + taken
                + ": bind: address already in use\",\"status\":500}");
    assertThat(call("GET", "/proxies/b"))
        .isEqualTo(
            "200 " + shown("b", "localhost:" + taken, "127.0.0.1:" + upstream.port(), false));
    assertThat(Client.listens(before)).isFalse();
    call("DELETE", "/proxies/a");
    assertThat(call("PATCH", "/proxies/b", "{\"enabled\":true}")).contains("\"enabled\":true");
    assertThat(Client.listens(taken)).isTrue();
  }

  @Test
  void anUpdateWithAnAddressThatCannotBeReadChangesNothing() {
    int port = toxiproxy.proxy("a", upstream.port());
    assertThat(call("PATCH", "/proxies/a", "{\"listen\":\"nope\",\"enabled\":false}"))
        .isEqualTo("500 {\"error\":\"address nope: missing port in address\",\"status\":500}");
    assertThat(Client.listens(port)).isTrue();
  }

  @Test
  void resetEnablesEveryProxyAndRemovesEveryToxic() {
    int port = freePort();
    call("POST", "/proxies", json("a", "localhost:" + port, "u:1", false));
    toxiproxy.toxic("a", "{\"type\":\"latency\"}");
    toxiproxy.toxic("a", "{\"type\":\"timeout\",\"stream\":\"upstream\"}");
    assertThat(call("POST", "/reset")).isEqualTo("204");
    assertThat(call("GET", "/proxies/a"))
        .isEqualTo("200 " + shown("a", "127.0.0.1:" + port, "u:1", true));
    assertThat(Client.listens(port)).isTrue();
  }

  @Test
  void populateMakesProxiesInOrderEnabledUnlessToldOtherwise() {
    String body =
        "["
            + json("two", "localhost:0", "u:2", true)
            + ",{\"name\":\"one\",\"upstream\":\"u:1\"},"
            + json("off", "localhost:1", "u:3", false)
            + "]";
    HttpResponse<String> populated = toxiproxy.send("POST", "/populate", body);
    assertThat(populated.statusCode()).isEqualTo(201);
    assertThat(populated.body())
        .matches(
            "\\{\"proxies\":\\[\\{\"name\":\"two\",.*\"enabled\":true,.*\\{\"name\":\"one\",.*\"enabled\":true,"
                + ".*\\{\"name\":\"off\",.*\"enabled\":false,.*\\]\\}");
    assertThat(populated.headers().firstValue("Content-Type")).contains("application/json");
  }

  @Test
  void populateKeepsAnUnchangedProxyWithItsToxicsAndReplacesAChangedOne() {
    int kept = toxiproxy.proxy("kept", upstream.port());
    int changed = toxiproxy.proxy("changed", upstream.port());
    toxiproxy.toxic("kept", "{\"type\":\"latency\"}");
    toxiproxy.toxic("changed", "{\"type\":\"latency\"}");
    String answer =
        call(
            "POST",
            "/populate",
            "["
                + json("kept", "localhost:" + kept, "127.0.0.1:" + upstream.port(), false)
                + ","
                + json("changed", "localhost:" + changed, "u:9", true)
                + "]");
    assertThat(answer)
        .startsWith("201 ")
        .endsWith("," + shown("changed", "127.0.0.1:" + changed, "u:9", true) + "]}");
    assertThat(call("GET", "/proxies/kept/toxics")).contains("latency_downstream");
    assertThat(call("GET", "/proxies/kept")).contains("\"enabled\":true");
    assertThat(call("GET", "/proxies/changed/toxics")).isEqualTo("200 []");
  }

  @Test
  void populateChecksAllEntriesBeforeItMakesAny() {
    HttpResponse<String> answer =
        toxiproxy.send(
            "POST",
            "/populate",
            "[" + json("a", "localhost:0", "u:1", true) + ",{\"upstream\":\"u\"}]");
    assertThat(answer.statusCode()).isEqualTo(400);
    assertThat(answer.headers().firstValue("Content-Type")).contains("application/json");
    assertThat(answer.body())
        .isEqualTo(
            "{\"error\":\"missing required field: name at proxy 2\",\"status\":400,\"proxies\":null}");
    assertThat(call("GET", "/proxies")).isEqualTo("200 {}");
  }

  @Test
  void populateStopsAtTheFirstThatCannotListenAndShowsWhatItMade() {
    int port = freePort();
    String listen = "127.0.0.1:" + port;
    String body =
        "["
            + json("a", listen, "u:1", true)
            + ","
            + json("b", listen, "u:1", true)
            + ","
            + json("c", "localhost:0", "u:1", true)
            + "]";
    assertThat(call("POST", "/populate", body))
        .isEqualTo(
            "500 {\"error\":\"listen tcp "
                + listen
                + ": bind: address already in use\",\"status\":500,\"proxies\":["
                + shown("a", listen, "u:1", true)
                + "]}");
    assertThat(call("GET", "/proxies/b")).startsWith("404 ");
    assertThat(call("GET", "/proxies/c")).startsWith("404 ");
  }

  @Test
  void populateWithNothingMakesNothing() {
    assertThat(call("POST", "/populate", "[]")).isEqualTo("201 {\"proxies\":null}");
    assertThat(call("POST", "/populate", ""))
        .isEqualTo("400 {\"error\":\"bad request body: EOF\",\"status\":400,\"proxies\":null}");
  }

  @Test
  void whatPopulateMadeCanTakeToxicsWhichTheEntryItselfCannot() {
    call(
        "POST",
        "/populate",
        "[{\"name\":\"a\",\"upstream\":\"u:1\",\"toxics\":[{\"type\":\"noop\"}]}]");
    assertThat(call("GET", "/proxies/a/toxics")).isEqualTo("200 []");
    toxiproxy.toxic("a", "{\"type\":\"noop\"}");
    assertThat(call("GET", "/proxies/a/toxics")).contains("noop_downstream");
  }

  @Test
  void requestsOnOneConnectionAreAnsweredInOrder() throws IOException {
    String pipelined =
        "GET /proxies/none HTTP/1.1\r\nHost: x\r\n\r\nGET /version HTTP/1.1\r\nHost: x\r\n"
            + "Connection: close\r\n\r\n";
    try (Client raw = new Client(toxiproxy.controlPort())) {
      String answers =
          new String(raw.send(pipelined).readAll(), java.nio.charset.StandardCharsets.UTF_8);
      assertThat(answers.indexOf("proxy not found"))
          .isPositive()
          .isLessThan(answers.indexOf("\"version\""));
    }
  }
}
