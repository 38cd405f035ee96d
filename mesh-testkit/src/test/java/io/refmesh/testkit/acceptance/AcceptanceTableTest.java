package io.refmesh.testkit.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refmesh.testkit.acceptance.TestResult.Ending;
import java.util.List;
import org.junit.jupiter.api.Test;

class AcceptanceTableTest {

  private static final Cases CASES =
      Cases.parse(
          """
          # A. First
          1 here One
          2 here Two
          # B. Second
          7 cluster Seven
          8 here Eight
          """);

  @Test
  void joinsCasesAndResults() {
    String page =
        new AcceptanceTable(
                CASES,
                List.of(
                    new TestResult(1, "ATest", "one", Ending.PASSED, ""),
                    new TestResult(1, "ATest", "alsoOne", Ending.PASSED, ""),
                    new TestResult(2, "ATest", "two", Ending.PASSED, ""),
                    new TestResult(2, "ATest", "two", Ending.FAILED, ""),
                    new TestResult(8, "BTest", "eight", Ending.NOT_RUN, "needs root")))
            .page();

    assertThat(page)
        .contains("3 cases can be proven on one machine, 1 of them are; 1 more need a cluster.")
        .contains("| 1 | One | `ATest.alsoOne`<br>`ATest.one` | passed |")
        .contains("| 2 | Two | `ATest.two` | failed |")
        .contains("## B. Second")
        .contains("| 7 | Seven |  | needs a cluster |")
        .contains("| 8 | Eight | `BTest.eight` | not run: needs root |");
  }

  @Test
  void saysWhatNothingProves() {
    assertThat(new AcceptanceTable(CASES, List.of()).page())
        .contains("| 1 | One |  | not proven yet |");
  }

  @Test
  void readsWhatItWrote() {
    TestResult result = new TestResult(8, "BTest", "eight", Ending.NOT_RUN, "needs\troot\nhere");
    assertThat(TestResult.read(result.line().stripTrailing()))
        .isEqualTo(new TestResult(8, "BTest", "eight", Ending.NOT_RUN, "needs root"));
  }

  @Test
  void refusesANumberThatIsGivenTwice() {
    assertThatThrownBy(() -> Cases.parse("# A\n2 here Two\n2 here Again\n"))
        .hasMessageContaining("expected: a number above 2");
  }

  @Test
  void knowsEveryCaseByItsNumber() {
    assertThat(Cases.read().find(133)).isPresent();
    assertThat(Cases.read().find(134)).isEmpty();
  }
}
