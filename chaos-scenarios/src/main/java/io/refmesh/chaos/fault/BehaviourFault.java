package io.refmesh.chaos.fault;

import io.refmesh.chaos.mesh.HttpJson;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Applications that misbehave: rules for the admin ports of instances of the shop. */
final class BehaviourFault implements Fault {

  private final List<String> admins;
  private final List<@Nullable Object> rules;
  private final HttpJson http;
  private final List<String> changed = new ArrayList<>();

  /**
   * @param admins URLs of the instances' admin ports
   */
  BehaviourFault(List<String> admins, List<@Nullable Object> rules, HttpJson http) {
    this.admins = List.copyOf(admins);
    this.rules = rules;
    this.http = http;
  }

  @Override
  public void begin() throws IOException, InterruptedException {
    for (String admin : admins) {
      changed.add(admin);
      http.send("PUT", admin + "/behaviour", Map.of("rules", rules));
    }
  }

  @Override
  public void end() throws IOException, InterruptedException {
    IOException first = null;
    for (String admin : changed.reversed()) {
      try {
        http.send("DELETE", admin + "/behaviour", "");
      } catch (IOException e) {
        if (first == null) {
          first = e;
        } else {
          first.addSuppressed(e);
        }
      }
    }
    if (first != null) {
      throw first;
    }
  }
}
