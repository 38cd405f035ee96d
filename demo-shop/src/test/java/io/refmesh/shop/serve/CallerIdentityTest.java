package io.refmesh.shop.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

final class CallerIdentityTest {
  @Test
  void isTheUriOfTheNearestHop() {
    assertThat(of("By=spiffe://d/b;Hash=00;URI=spiffe://d/a")).isEqualTo("spiffe://d/a");
    assertThat(of("URI=spiffe://d/far,By=x;URI=spiffe://d/near")).isEqualTo("spiffe://d/near");
    assertThat(CallerIdentity.of(List.of("URI=spiffe://d/1", "uri=spiffe://d/2")))
        .isEqualTo("spiffe://d/2");
  }

  @Test
  void readsQuotedValues() {
    assertThat(of("Subject=\"CN=a;URI=fake,\\\"x\\\"\";URI=\"spiffe://d/a\""))
        .isEqualTo("spiffe://d/a");
  }

  @Test
  void isUnknownWithoutAUri() {
    assertThat(CallerIdentity.of(List.of())).isEqualTo("-");
    assertThat(of("")).isEqualTo("-");
    assertThat(of("Hash=1;URI=")).isEqualTo("-");
    assertThat(of("Subject=\"URI=unterminated")).isEqualTo("-");
  }

  private static String of(String header) {
    return CallerIdentity.of(List.of(header));
  }
}
