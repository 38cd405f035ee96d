package io.refmesh.control.inject;

import java.util.List;
import tools.jackson.databind.node.ArrayNode;

/** What becomes of a pod. */
public sealed interface Injection {

  /**
   * It gets a sidecar.
   *
   * @param patch RFC 6902
   */
  record Patched(ArrayNode patch) implements Injection {}

  /** It is left as it is. */
  record Skipped(Reason reason, String message) implements Injection {}

  /**
   * It is to have a sidecar, and something that its author wrote stands in the way. It must not
   * start without one: nobody would notice that it is unprotected.
   *
   * @param problems field, value found and what was expected, a line each
   */
  record Refused(List<String> problems) implements Injection {
    public Refused {
      problems = List.copyOf(problems);
    }
  }

  /** Why a pod is left as it is; the text is a label of metrics and the reason of events. */
  enum Reason {
    NOT_ENABLED("not-enabled"),
    DISABLED("disabled"),
    INVALID_NAMESPACE_SETTING("invalid-namespace-setting"),
    SYSTEM_NAMESPACE("system-namespace"),
    ALREADY_INJECTED("already-injected"),
    HOST_NETWORK("host-network"),
    UNSUPPORTED_OS("unsupported-os");

    private final String text;

    Reason(String text) {
      this.text = text;
    }

    public String text() {
      return text;
    }

    /** Whether somebody asked for a sidecar and there is none: worth an event. */
    public boolean surprising() {
      return this == HOST_NETWORK || this == UNSUPPORTED_OS || this == INVALID_NAMESPACE_SETTING;
    }
  }
}
