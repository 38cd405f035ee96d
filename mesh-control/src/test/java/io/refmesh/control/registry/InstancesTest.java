package io.refmesh.control.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.control.registry.Instances.Instance;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InstancesTest {

  @TempDir Path state;

  @Test
  void filesOfCommandsAddToWhatTheSupervisorSays() throws Exception {
    assertThat(Instances.readAll(state)).isEqualTo(Instances.NONE);
    Instances.write(state.resolve(Instances.FILE), new Instances(List.of(instance("cart"))));
    Instances.write(Instances.ofRun(state, 1), new Instances(List.of(instance("run-1"))));
    Instances.write(Instances.ofRun(state, 2), new Instances(List.of(instance("run-2"))));
    Files.writeString(state.resolve("run-3.processes.json"), "not for us");
    assertThat(Instances.readAll(state).instances())
        .extracting(Instance::workload)
        .containsExactly("cart", "run-1", "run-2");
  }

  private static Instance instance(String workload) {
    return new Instance(
        "shop",
        workload,
        0,
        Map.of(),
        "default",
        "",
        "127.1.1.1",
        "127.1.1.2",
        true,
        false,
        List.of(),
        Map.of(),
        List.of(),
        false);
  }
}
