package io.refmesh.chaos.mesh;

import io.refmesh.chaos.scenario.MeshResource;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import tools.jackson.databind.JsonNode;

/**
 * By which one sees how far a control plane has read: a detour of a service that nobody calls,
 * changed with every change that is waited for. Thread-safe.
 */
public final class Marker {

  /** The layer that holds it; read behind all others where the order of names counts. */
  public static final String LAYER = "zz-marker";

  private final AtomicInteger revision = new AtomicInteger();

  /** The next one; no control plane has seen it. */
  public Mark next() {
    String via = "127.0.0.1:" + (1 + revision.incrementAndGet() % 65_000);
    // A Service of the shop's folder, behind which there is nobody.
    return new Mark(
        via, Detours.detour(ShopFolder.MARKER, ShopFolder.MARKER, List.of(), via, "1m"));
  }

  /**
   * One change.
   *
   * @param via how it is recognised
   */
  public record Mark(String via, MeshResource resource) {

    /** What every control plane says of itself at {@code /state}; none: no control plane runs. */
    public interface States {
      List<JsonNode> read() throws IOException, InterruptedException;
    }

    /** Waits until everything is in force. */
    public void await(States states, Duration within, Duration lookEvery)
        throws IOException, InterruptedException {
      String missing = "";
      boolean once = false;
      for (long rounds = within.dividedBy(lookEvery); rounds > 0; rounds--) {
        List<JsonNode> read = states.read();
        missing =
            read.isEmpty()
                ? "no control plane runs"
                : read.stream()
                    .map(this::missing)
                    .filter(one -> !one.isEmpty())
                    .findFirst()
                    .orElse("");
        // Twice in a row: a sidecar to which nothing could be sent for a moment looks as if it had
        // everything.
        if (missing.isEmpty() && once) {
          return;
        }
        once = missing.isEmpty();
        Thread.sleep(lookEvery);
      }
      throw new IOException(
          "a change was not in force within " + within.toSeconds() + " s: " + missing);
    }

    /**
     * What is still missing, a sentence; empty when everything is in force.
     *
     * @param state what {@code /state} of a control plane says
     */
    String missing(JsonNode state) {
      boolean read = false;
      for (JsonNode detour : state.path("detours")) {
        read |= detour.path("via").asString("").equals(via);
      }
      if (!read) {
        StringBuilder problems = new StringBuilder();
        for (JsonNode problem : state.path("problems")) {
          problems
              .append("; ")
              .append(problem.path("object").asString(""))
              .append(": ")
              .append(problem.path("message").asString(""));
        }
        return "the control plane has not read it" + problems;
      }
      for (JsonNode proxy : state.path("proxies")) {
        for (JsonNode resource : proxy.path("resources")) {
          if (resource.path("sent").asLong() > resource.path("applied").asLong()) {
            return "the sidecar of "
                + proxy.path("workload").asString("")
                + "-"
                + proxy.path("replica").asInt()
                + " has not applied "
                + resource.path("resource").asString("")
                + (resource.path("reason").asString("").isEmpty()
                    ? ""
                    : ": " + resource.path("reason").asString(""));
          }
        }
      }
      return "";
    }
  }
}
