package io.refmesh.chaos.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

final class ContainerProcessesTest {

  private static final String ID =
      "4f1d3f0a8c1b2d3e4f5061728394a5b6c7d8e9f00112233445566778899aabbc";

  @Test
  void theyAreFoundByControlGroupsOfTheSecondVersion() {
    assertThat(
            pids(
                "/proc/1/cgroup:0::/../../../init.scope",
                "/proc/812/cgroup:0::/../../kubepods-burstable-pod1.slice/cri-containerd-"
                    + ID
                    + ".scope",
                "/proc/813/cgroup:0::/../../kubepods-burstable-pod1.slice/cri-containerd-77.scope"))
        .containsExactly(812L);
  }

  @Test
  void theyAreFoundOnceByControlGroupsOfTheFirstVersion() {
    assertThat(
            pids(
                "/proc/44/cgroup:12:memory:/docker/99/kubelet/kubepods/burstable/pod1/" + ID,
                "/proc/44/cgroup:11:cpu,cpuacct:/docker/99/kubelet/kubepods/burstable/pod1/" + ID,
                "/proc/45/cgroup:12:memory:/docker/99/kubelet/kubepods/burstable/pod1/" + ID,
                "/proc/46/cgroup:12:memory:/docker/99/system.slice/kubelet.service"))
        .containsExactly(44L, 45L);
  }

  @Test
  void aContainerWithoutProcessesHasNone() {
    assertThat(pids("/proc/1/cgroup:0::/init.scope", "grep: /proc/7/cgroup: No such process"))
        .isEmpty();
  }

  @Test
  void anIdThatWouldFitAnybodyIsRefused() {
    assertThatThrownBy(() -> ContainerProcesses.pids("", "containerd://"))
        .hasMessageContaining("expected: one of a container that runs");
  }

  private static List<Long> pids(String... lines) {
    return ContainerProcesses.pids(String.join("\n", lines), "containerd://" + ID);
  }
}
