package io.refmesh.local;

import io.refmesh.local.network.Namespaces;
import io.refmesh.local.network.NetworkNamespace;
import io.refmesh.local.process.RefmeshHome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What differs for an instance whose connections the kernel leads to its sidecar: rules, users, and
 * the files that the sidecar's user may read.
 *
 * @param state of the mesh, which becomes passable for other users; what is in it stays private
 */
record Captured(RefmeshHome home, StateFolder state) {

  /** Its connections are the only ones that are not led to the sidecar. */
  private static final int SIDECAR_UID = 2102;

  /** Has the init program write the rules, which also proves that they work. */
  void lead(NetworkNamespace namespace, Replica replica) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                "ip",
                "netns",
                "exec",
                namespace.name(),
                home.java().toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                home.jar("mesh-proxy").toString(),
                "io.refmesh.proxy.capture.CaptureMain",
                "--proxy-uid=" + SIDECAR_UID));
    skip(command, replica, "inbound");
    skip(command, replica, "outbound");
    Namespaces.run(command);
  }

  /** Adds what the sidecar is to know, with a copy of the trust roots that its user can read. */
  void add(Map<String, String> environment, Path workload) throws IOException {
    requireReadable(home.jar("mesh-proxy"));
    for (Path folder : List.of(state.directory(), state.directory().resolve("workloads"))) {
      Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
    }
    for (Path folder : List.of(state.control(), state.logs())) {
      Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
    }
    Path roots = workload.resolve("roots.pem");
    Files.copy(state.roots(), roots, StandardCopyOption.REPLACE_EXISTING);
    Files.setPosixFilePermissions(roots, PosixFilePermissions.fromString("rw-r--r--"));
    requireReadable(roots);
    environment.put("REFMESH_TRUST_ROOTS", roots.toString());
    environment.put("REFMESH_CAPTURE", "redirect");
  }

  List<String> sidecar(NetworkNamespace namespace, List<String> command) {
    return Namespaces.inside(namespace, SIDECAR_UID, command);
  }

  /** As the user who called {@code sudo}, or as root. */
  List<String> application(NetworkNamespace namespace, List<String> command) {
    return Namespaces.inside(
        namespace, Long.parseLong(System.getenv().getOrDefault("SUDO_UID", "0")), command);
  }

  /** Makes the sidecar's user the owner of a file that nobody else may read. */
  static void give(Path file) throws IOException {
    Files.setAttribute(file, "unix:uid", SIDECAR_UID);
  }

  private static void skip(List<String> command, Replica replica, String direction) {
    String ports = replica.annotations().get("refmesh.io/skip-" + direction + "-ports");
    if (ports != null) {
      command.add("--skip-" + direction + "-ports=" + ports);
    }
  }

  /** A sidecar that cannot read its jar would only end without a word. */
  private static void requireReadable(Path file) throws IOException {
    for (Path folder = file.getParent(); folder != null; folder = folder.getParent()) {
      if (!Files.getPosixFilePermissions(folder).contains(PosixFilePermission.OTHERS_EXECUTE)) {
        throw new IOException(
            folder
                + " is closed for other users (expected: passable for user "
                + SIDECAR_UID
                + ", who runs the sidecars and reads "
                + file
                + ")");
      }
    }
  }
}
