package io.refmesh.proxy.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PortRangeTest {

  @Test
  void readsPortsAndRangesInAnyOrderAndMakesThoseThatOverlapOne() {
    assertThat(PortRange.parseList("8000-8010, 25,8005-8020,25"))
        .containsExactly(new PortRange(25, 25), new PortRange(8000, 8020));
    assertThat(PortRange.parseList("")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "65536", "80-70", "http", "80-", "-80", "1-2-3"})
  void namesWhatIsNoPort(String text) {
    assertThatThrownBy(() -> PortRange.parseList("25," + text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(text + " (expected: ports from 1 to 65535");
  }

  @Test
  void joinsNeighboursOnlyWhenAsked() {
    List<PortRange> neighbours = PortRange.parseList("4190,4191");
    assertThat(neighbours).hasSize(2);
    assertThat(PortRange.merged(neighbours, 1)).containsExactly(new PortRange(4190, 4191));
  }

  @Test
  void noGroupHasMoreReferencesThanARuleCanHoldAndNothingIsLost() {
    List<PortRange> ranges =
        IntStream.range(0, 40)
            .mapToObj(i -> new PortRange(5000 + 10 * i, 5000 + 10 * i + i % 3))
            .toList();
    List<List<PortRange>> groups = PortRange.groups(ranges, 15);
    assertThat(groups)
        .allSatisfy(group ->
            assertThat(group.stream().mapToInt(PortRange::references).sum()).isBetween(1, 15));
    assertThat(groups.stream().flatMap(List::stream)).containsExactlyElementsOf(ranges);
  }
}
