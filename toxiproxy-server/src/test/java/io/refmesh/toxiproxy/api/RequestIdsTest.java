package io.refmesh.toxiproxy.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.time.InstantSource;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class RequestIdsTest {

  @Test
  void idsBeginWithTheTimeAndSortInOrder() {
    RequestIds ids =
        new RequestIds(
            InstantSource.fixed(Instant.ofEpochSecond(0x4d88e15b)), new SplittableRandom(3));
    String first = ids.next();
    String second = ids.next();
    // The time of the example in the description of xid, whose id begins with 9m4e2m.
    assertThat(first).matches("[0-9a-v]{20}").startsWith("9m4e2m");
    assertThat(second).isGreaterThan(first);
    assertThat(first.substring(0, 15)).isEqualTo(second.substring(0, 15));
  }
}
