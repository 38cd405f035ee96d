package io.refmesh.model.wire;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.WorkloadConfig;
import io.refmesh.testkit.Seed;
import io.refmesh.testkit.Seeds;
import io.refmesh.testkit.fuzz.Fuzz;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Whatever bytes come from the control plane: a value, which means the same when it is written and
 * read again, or a refusal with a sentence.
 */
class WireFuzzTest {

  private static final Path CORPORA = Path.of("src/test/resources/fuzz");
  private static final Fuzz DESTINATION =
      new Fuzz(CORPORA.resolve("destination"), System::nanoTime, WireFuzzTest::destination);
  private static final Fuzz WORKLOAD =
      new Fuzz(CORPORA.resolve("workload"), System::nanoTime, WireFuzzTest::workload);

  @Test
  void survivesWhatWasFoundBefore() {
    DESTINATION.replay();
    WORKLOAD.replay();
  }

  @Seeds(4)
  void refusesOrReadsAnything(Seed seed) {
    DESTINATION.mutate(500, seed.random());
    WORKLOAD.mutate(500, seed.random());
  }

  @Tag("fuzz")
  @Seeds(1)
  void refusesOrReadsAnythingForLong(Seed seed) {
    for (Fuzz target : List.of(DESTINATION, WORKLOAD)) {
      assertThat(target.mutate(Long.getLong("fuzz.seconds", 5), seed.random())).isPositive();
    }
  }

  private static void destination(byte[] input) {
    try {
      Destination read =
          DestinationWire.decode(io.refmesh.model.wire.v1.Destination.parseFrom(input));
      assertThat(DestinationWire.decode(DestinationWire.encode(read))).isEqualTo(read);
    } catch (InvalidProtocolBufferException e) {
      // No message at all.
    } catch (IllegalArgumentException e) {
      assertThat(e.getMessage()).isNotBlank();
    }
  }

  private static void workload(byte[] input) {
    try {
      WorkloadConfig read =
          WorkloadWire.decode(io.refmesh.model.wire.v1.WorkloadConfig.parseFrom(input));
      assertThat(WorkloadWire.decode(WorkloadWire.encode(read))).isEqualTo(read);
    } catch (InvalidProtocolBufferException e) {
      // No message at all.
    } catch (IllegalArgumentException e) {
      assertThat(e.getMessage()).isNotBlank();
    }
  }
}
