package io.refmesh.proxy.tap;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.model.wire.v1.TapEvent;
import io.refmesh.model.wire.v1.TapRequest;
import io.refmesh.proxy.telemetry.Redaction;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class TapTest {

  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

  @Test
  void admitsNoMoreRequestsASecondThanWereAskedFor() {
    Tap tap = tap(2, 0);

    assertThat(tap.admit(0)).isTrue();
    assertThat(tap.admit(1)).isTrue();
    assertThat(tap.admit(SECOND - 1)).isFalse();
    assertThat(tap.admit(SECOND)).isTrue();
    tap.tell(TapEvent.newBuilder());
    TapEvent event = tap.poll();
    assertThat(event).isNotNull();
    assertThat(event.getMissed()).isEqualTo(1);
  }

  @Test
  void isCompleteWhenTheLastRequestThatWasAskedForHasBeenReadToItsEnd() {
    Tap tap = tap(10, 2);

    assertThat(tap.admit(0)).isTrue();
    assertThat(tap.admit(0)).isTrue();
    assertThat(tap.admit(SECOND)).isFalse();
    assertThat(tap.complete()).isFalse();
    tap.tell(TapEvent.newBuilder().setEnd(TapEvent.End.getDefaultInstance()));
    tap.tell(TapEvent.newBuilder().setEnd(TapEvent.End.getDefaultInstance()));
    tap.poll();
    assertThat(tap.complete()).isFalse();
    tap.poll();
    assertThat(tap.complete()).isTrue();
  }

  @Test
  void admitsNobodyMoreWhileItsReaderIsTooFarBehind() {
    Tap tap = tap(1000, 0);
    int admitted = 0;
    while (tap.admit(0)) {
      admitted++;
    }

    assertThat(admitted).isEqualTo(512);
    tap.tell(TapEvent.newBuilder().setEnd(TapEvent.End.getDefaultInstance()));
    tap.poll();
    assertThat(tap.admit(SECOND)).isTrue();
  }

  private static Tap tap(int perSecond, long requests) {
    return new Tap(
        TapFilter.of(TapRequest.getDefaultInstance()),
        new Redaction(Set.of(), Set.of()),
        perSecond,
        requests,
        () -> {});
  }
}
