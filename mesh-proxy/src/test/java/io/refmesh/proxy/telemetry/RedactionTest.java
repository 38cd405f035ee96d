package io.refmesh.proxy.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;

class RedactionTest {

  private final Redaction some = new Redaction(Set.of("token", "Key"), Set.of("X-Tenant"));

  @Test
  void hidesValuesOfConfiguredParametersAndNothingElse() {
    assertThat(some.path("/a?token=1&page=2&KEY=x=y"))
        .isEqualTo("/a?token=REDACTED&page=2&KEY=REDACTED");
    assertThat(some.path("/a?tokens=1&x=token=1&token")).isEqualTo("/a?tokens=1&x=token=1&token");
    assertThat(some.path("/token=1?")).isEqualTo("/token=1?");
    assertThat(some.path("/a?&&token=&b")).isEqualTo("/a?&&token=REDACTED&b");
  }

  @Test
  void hidesTheValueOfAParameterWhoseNameIsEncoded() {
    assertThat(some.path("/a?t%6Fken=1")).isEqualTo("/a?t%6Fken=REDACTED");
  }

  @Test
  void hidesEveryValueWhenAllAreNamed() {
    assertThat(new Redaction(Set.of("*"), Set.of()).path("/a?b=1&c=2"))
        .isEqualTo("/a?b=REDACTED&c=REDACTED");
  }

  @Test
  void makesNothingNewWhenThereIsNothingToHide() {
    String path = "/a?page=1";
    assertThat(some.path(path)).isSameAs(path);
  }

  @Test
  void neverTellsCredentials() {
    assertThat(some.field("Authorization", "Bearer x")).isEqualTo("REDACTED");
    assertThat(some.field("cookie", "a=b")).isEqualTo("REDACTED");
    assertThat(some.field("x-tenant", "a")).isEqualTo("REDACTED");
    assertThat(some.field("accept", "text/html")).isEqualTo("text/html");
  }
}
