package io.refmesh.proxy.http;

import io.refmesh.model.discovery.EndpointSpec;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What was decided about an exchange on its way, for those who ask afterwards. What is not out of
 * the ordinary costs nothing. Belongs to the event loop of the exchange.
 */
public final class Decisions {

  /**
   * A try that met a retry condition.
   *
   * @param number of the try, from 1
   * @param endpoint null when none was chosen
   * @param failure status or error code
   * @param then the condition, when it was tried again; else why it was not
   * @param again whether it was tried again
   * @param delayNanos pause before the next try
   */
  public record FailedTry(
      int number,
      @Nullable EndpointSpec endpoint,
      String failure,
      String then,
      boolean again,
      long delayNanos) {}

  /** More tells nothing new. */
  private static final int FAILED_TRIES_MAX = 16;

  private String authorization = "";
  private String policy = "";
  private List<FailedTry> failedTries = List.of();
  private @Nullable EndpointSpec ejected;

  /**
   * @param decision allow, deny or audit
   * @param by name of the policy that decided
   */
  public void authorized(String decision, String by) {
    authorization = decision;
    policy = by;
  }

  public void failedTry(FailedTry failed) {
    if (failedTries.isEmpty()) {
      failedTries = new ArrayList<>(2);
    }
    if (failedTries.size() < FAILED_TRIES_MAX) {
      failedTries.add(failed);
    }
  }

  /** The failure of its try was the one too many for this endpoint. */
  public void ejected(EndpointSpec endpoint) {
    ejected = endpoint;
  }

  /** The endpoint that is ejected since its try failed; null for none. */
  public @Nullable EndpointSpec ejected() {
    return ejected;
  }

  /** allow, deny or audit; empty when no policy was asked. */
  public String authorization() {
    return authorization;
  }

  /** What decided; empty when no policy was asked. */
  public String policy() {
    return policy;
  }

  /** In their order. */
  public List<FailedTry> failedTries() {
    return failedTries;
  }
}
