package io.refmesh.proxy.policy;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NormalPathTest {

  @ParameterizedTest
  @CsvSource({
    "/, /",
    "/a/b, /a/b",
    "/a/b/, /a/b/",
    "/%61%2Db, /a-b",
    "/%c3%a4, /%C3%A4",
    "/a%20b, /a%20b",
    "/a/./b, /a/b",
    "/a/../b, /b",
    "/a/b/.., /a/",
    "/a/b/., /a/b/",
    "/a/%2e%2e/b, /b",
    "/%7Euser, /~user",
    "/a.b, /a.b",
    "/..., /..."
  })
  void hasOneSpelling(String path, String normal) {
    assertThat(NormalPath.of(path)).contains(normal);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "*",
        "a",
        "//",
        "//a",
        "/a//b",
        "/..",
        "/a/../..",
        "/%2f",
        "/%5c",
        "/\\",
        "/a;b",
        "/%3b",
        "/%",
        "/%4",
        "/%g1",
        "/%00",
        "/a b",
        "/\u00e4",
        "/%7f"
      })
  void hasNoneWhenServersReadItDifferently(String path) {
    assertThat(NormalPath.of(path)).isEmpty();
  }
}
