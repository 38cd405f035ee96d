package io.refmesh.shop.behave;

import org.jspecify.annotations.Nullable;

/** One line of a {@link Behaviour}: which requests, what share of them, what happens. */
public record Rule(
    String path,
    @Nullable String method,
    Share share,
    Latency latency,
    Action action,
    boolean effect) {

  /** By whole segments: {@code /items} covers {@code /items/7} and not {@code /itemsx}. */
  boolean covers(String requestMethod, String requestPath) {
    if (method != null && !method.equals(requestMethod)) {
      return false;
    }
    return requestPath.startsWith(path)
        && (path.endsWith("/")
            || requestPath.length() == path.length()
            || requestPath.charAt(path.length()) == '/');
  }
}
