package io.refmesh.control;

import io.refmesh.model.discovery.HostPort;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;

/**
 * What the control plane is started with; the only reader of the environment.
 *
 * @param address of the control API
 * @param admin of the admin port
 * @param folder with the resources
 * @param state where CA, instances and audit log are
 */
public record ControlConfig(HostPort address, HostPort admin, Path folder, Path state) {

  private static final String ADDRESS = "127.1.0.1:8086";
  private static final String ADMIN = "127.1.0.1:8087";

  /** A setting that cannot be used; the message names it, its value and what was expected. */
  public static final class Bad extends Exception {
    private static final long serialVersionUID = 1;

    Bad(String setting, String value, String expected) {
      super(
          setting
              + ": "
              + (value.isEmpty() ? "is not set" : value)
              + " (expected: "
              + expected
              + ")");
    }
  }

  /**
   * Reads {@code REFMESH_CONTROL_ADDRESS}, {@code REFMESH_CONTROL_ADMIN}, {@code REFMESH_FOLDER}
   * and {@code REFMESH_STATE}.
   */
  public static ControlConfig from(Map<String, String> environment) throws Bad {
    HostPort address = address(environment, "REFMESH_CONTROL_ADDRESS", ADDRESS);
    HostPort admin = address(environment, "REFMESH_CONTROL_ADMIN", ADMIN);
    if (address.equals(admin) && address.port() != 0) {
      throw new Bad(
          "REFMESH_CONTROL_ADMIN",
          admin.toString(),
          "another address than REFMESH_CONTROL_ADDRESS");
    }
    Path folder = path(environment, "REFMESH_FOLDER", "the folder with the resources");
    if (!Files.isDirectory(folder)) {
      throw new Bad("REFMESH_FOLDER", folder.toString(), "a folder that exists");
    }
    Path state =
        path(
            environment,
            "REFMESH_STATE",
            "a folder for CA, instances and audit log; it is made when missing");
    if (Files.exists(state) && !Files.isDirectory(state)) {
      throw new Bad("REFMESH_STATE", state.toString(), "a folder, or a name that is free");
    }
    return new ControlConfig(address, admin, folder, state);
  }

  private static HostPort address(Map<String, String> environment, String setting, String otherwise)
      throws Bad {
    String value = environment.getOrDefault(setting, otherwise);
    try {
      HostPort address = HostPort.parse(value);
      InetAddress.ofLiteral(address.host());
      return address;
    } catch (IllegalArgumentException e) {
      throw new Bad(setting, value, "an IP address and a port, such as " + otherwise);
    }
  }

  private static Path path(Map<String, String> environment, String setting, String expected)
      throws Bad {
    String value = environment.getOrDefault(setting, "");
    try {
      if (!value.isEmpty()) {
        return Path.of(value).toAbsolutePath().normalize();
      }
    } catch (InvalidPathException e) {
      // Not a path on this system: refused like a missing one.
    }
    throw new Bad(setting, value, expected);
  }
}
