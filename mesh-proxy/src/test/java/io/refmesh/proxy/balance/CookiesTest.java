package io.refmesh.proxy.balance;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class CookiesTest {

  @Test
  void findsACookieByItsWholeName() {
    assertThat(value("a", "a=1")).isEqualTo("1");
    assertThat(value("b", "a=1; b=2; c=3")).isEqualTo("2");
    assertThat(value("c", "a=1;b=2;\tc=3 ")).isEqualTo("3");
    assertThat(value("b", "bb=1; ab=2; b=3")).isEqualTo("3");
    assertThat(value("a", "x=a=1; a=2")).isEqualTo("2");
    assertThat(value("a", "a=")).isEmpty();
    assertThat(value("a", "a=x=y; b=1")).isEqualTo("x=y");
  }

  @Test
  void findsItInAnyOfTheFieldsThatHttp2SendsApart() {
    assertThat(value("b", "a=1", "b=2")).isEqualTo("2");
  }

  @Test
  void findsNothingWhereThereIsNone() {
    assertThat(value("a")).isNull();
    assertThat(value("a", "")).isNull();
    assertThat(value("a", "a", "A=1", ";;; ;", "=1")).isNull();
  }

  private static @Nullable String value(String name, String... fields) {
    Http2Headers headers = new DefaultHttp2Headers(false);
    for (String field : fields) {
      headers.add("cookie", field);
    }
    CharSequence value = Cookies.value(headers, name);
    return value == null ? null : value.toString();
  }
}
