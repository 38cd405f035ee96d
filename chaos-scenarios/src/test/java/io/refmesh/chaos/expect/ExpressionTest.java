package io.refmesh.chaos.expect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

final class ExpressionTest {

  private static final Map<String, Double> MEASURED =
      Map.of(
          "client.browse.p99",
          512.0,
          "client.browse.requests",
          1000.0,
          "server.catalog-v1.requests",
          1100.0,
          "zero",
          0.0,
          "mesh.retry_skipped_total{reason=budget}",
          3.0);

  private static final Figures FIGURES =
      name ->
          MEASURED.containsKey(name)
              ? OptionalDouble.of(MEASURED.get(name))
              : OptionalDouble.empty();

  @Test
  void comparesFiguresWithDurations() {
    assertThat(holds("client.browse.p99 <= 600ms")).isTrue();
    assertThat(holds("client.browse.p99 > 1s")).isFalse();
  }

  @Test
  void multipliesBeforeItAdds() {
    assertThat(holds("server.catalog-v1.requests <= client.browse.requests * 1.1 + 0")).isTrue();
    assertThat(holds("2 + 3 * 4 == 14")).isTrue();
    assertThat(holds("(2 + 3) * 4 == 20")).isTrue();
    assertThat(holds("max(3, 2 + 2) == min(4, 9)")).isTrue();
  }

  @Test
  void bindsAndTighterThanOr() {
    assertThat(holds("1 == 1 or 1 == 2 and 1 == 3")).isTrue();
    assertThat(holds("1 == 2 and 1 == 1 or 1 == 2")).isFalse();
  }

  @Test
  void takesLabelsAsPartOfTheFigure() {
    assertThat(holds("mesh.retry_skipped_total{reason=budget} > 0")).isTrue();
  }

  @Test
  void neverPassesOnWhatNobodyMeasured() {
    assertThatThrownBy(() -> holds("client.gone.errors == 0"))
        .isInstanceOf(Expression.UnknownFigureException.class)
        .hasMessageContaining("client.gone.errors");
    assertThatThrownBy(() -> holds("1 == 1 or client.gone.errors == 0"))
        .isInstanceOf(Expression.UnknownFigureException.class);
    assertThatThrownBy(() -> holds("client.browse.p99 / zero < 1"))
        .isInstanceOf(Expression.UnknownFigureException.class);
  }

  @Test
  void saysWhereAConditionCannotBeRead() {
    assertThatThrownBy(() -> Expression.parseCondition("client.a.p99 < 600 furlongs"))
        .hasMessageContaining("character 20")
        .hasMessageContaining("furlongs");
    assertThatThrownBy(() -> Expression.parseCondition("client.a.p99"))
        .hasMessageContaining("a comparison");
    assertThatThrownBy(() -> Expression.parseCondition("1 < 2 2")).hasMessageContaining("the end");
    assertThatThrownBy(() -> Expression.parseCondition("1 < 2parsec"))
        .hasMessageContaining("no unit, ms, s or m");
  }

  @Test
  void namesEveryFigureItNeeds() {
    assertThat(Expression.parseCondition("a.b / c.d < 1 and e.f == 0").figures())
        .containsExactly("a.b", "c.d", "e.f");
  }

  @Test
  void allowsForChanceAndNoMore() {
    assertThat(Binomial.lowest(0.997, 1500)).isBetween(0.985, 0.997);
    assertThat(Binomial.highest(0.3, 2500)).isBetween(0.32, 0.34);
    assertThat(Binomial.lowest(1.0, 100)).isLessThan(1.0).isGreaterThan(0.9);
    assertThat(Binomial.highest(0.1, 0)).isEqualTo(1.0);
  }

  private static boolean holds(String text) {
    return Expression.parseCondition(text).holds(FIGURES);
  }
}
