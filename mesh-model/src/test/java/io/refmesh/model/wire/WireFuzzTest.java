package io.refmesh.model.wire;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.WorkloadConfig;
import io.refmesh.testkit.fuzz.Fuzz;
import io.refmesh.testkit.fuzz.Jazzer;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whatever bytes come from the control plane: a value, which means the same when it is written and
 * read again, or a refusal with a sentence.
 */
public class WireFuzzTest {

  private static final Path CORPORA = Path.of("src/test/resources/fuzz");
  private static final Jazzer JAZZER =
      new Jazzer(
          WireFuzzTest.class,
          Map.of(
              "destination",
              new Fuzz(CORPORA.resolve("destination"), System::nanoTime, WireFuzzTest::destination),
              "workload",
              new Fuzz(CORPORA.resolve("workload"), System::nanoTime, WireFuzzTest::workload)));

  @Test
  void survivesWhatIsKept() {
    JAZZER.replay();
  }

  static Stream<String> targets() {
    return JAZZER.names();
  }

  @Tag("fuzz")
  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("targets")
  void refusesOrReadsAnything(String target) throws Exception {
    JAZZER.run(target);
  }

  /** Where Jazzer begins. */
  public static void fuzzerInitialize() {
    JAZZER.chosen().warmUp();
  }

  public static void fuzzerTestOneInput(byte[] input) throws Exception {
    JAZZER.chosen().feed(input);
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
