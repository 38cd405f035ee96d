package io.refmesh.control.identity;

import java.io.IOException;
import java.util.List;
import java.util.Map;

/** Asks a cluster's API server whether a token holds, and whose it is. Thread-safe. */
public interface TokenReviews {

  /** Waits for the answer, for a bounded time; throws when there is none. */
  Review review(String token, String audience) throws IOException;

  /**
   * What the API server says.
   *
   * @param audiences for which the token holds, of those that were asked for; empty also when
   *     whoever checked it knows nothing of audiences
   * @param extra facts of the user, such as the pod to which the token is bound
   * @param error why it does not hold; may be empty
   */
  record Review(
      boolean authenticated,
      List<String> audiences,
      String user,
      Map<String, List<String>> extra,
      String error) {
    public Review {
      audiences = List.copyOf(audiences);
      extra = Map.copyOf(extra);
    }
  }
}
