package io.refmesh.chaos.kubernetes;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Finds the processes of a container among those of its node. Pure. */
final class ContainerProcesses {

  /** Prints what {@link #pids} reads; processes that end meanwhile do not matter. */
  static final String LIST = "grep -H . /proc/[0-9]*/cgroup 2>/dev/null; true";

  private static final Pattern LINE = Pattern.compile("/proc/([0-9]+)/cgroup:(.*)");
  private static final int ID_MIN = 12;

  private ContainerProcesses() {}

  /**
   * The process ids whose control groups are those of the container, in either version of them.
   *
   * @param container as a pod's status names it, {@code containerd://…}
   */
  static List<Long> pids(String listing, String container) {
    String id = container.substring(container.lastIndexOf('/') + 1);
    if (id.length() < ID_MIN) {
      throw new IllegalArgumentException(
          "container id: " + container + " (expected: one of a container that runs)");
    }
    List<Long> pids = new ArrayList<>();
    for (String line : listing.lines().toList()) {
      Matcher matcher = LINE.matcher(line);
      if (matcher.matches() && matcher.group(2).contains(id)) {
        long pid = Long.parseLong(matcher.group(1));
        if (!pids.contains(pid)) {
          pids.add(pid);
        }
      }
    }
    return pids;
  }
}
