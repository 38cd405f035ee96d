package io.refmesh.control.kubernetes;

import io.fabric8.kubernetes.api.model.authentication.TokenReview;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewStatus;
import io.fabric8.kubernetes.api.model.authentication.UserInfo;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.refmesh.control.identity.TokenReviews;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/** Asks the API server about tokens ({@code TokenReview}, authentication.k8s.io/v1). */
final class ApiTokenReviews implements TokenReviews {

  private final KubernetesClient client;

  /**
   * @param client whose time limit for requests bounds the wait
   */
  ApiTokenReviews(KubernetesClient client) {
    this.client = client;
  }

  @Override
  public Review review(String token, String audience) throws IOException {
    TokenReview answer;
    try {
      answer =
          client
              .tokenReviews()
              .create(
                  new TokenReviewBuilder()
                      .withNewSpec()
                      .withToken(token)
                      .withAudiences(audience)
                      .endSpec()
                      .build());
    } catch (KubernetesClientException e) {
      // Its message may repeat the request, and with it the token: only code and cause are passed.
      throw new IOException(
          e.getCode() <= 0
              ? "no answer (" + cause(e) + ")"
              : "it answered "
                  + e.getCode()
                  + (e.getCode() == 403
                      ? " (expected: leave to create tokenreviews.authentication.k8s.io)"
                      : ""));
    }
    TokenReviewStatus status = answer.getStatus();
    if (status == null) {
      throw new IOException("it answered without a status");
    }
    UserInfo user = status.getUser();
    List<String> audiences = status.getAudiences();
    Map<String, List<String>> extra = user == null ? null : user.getExtra();
    String name = user == null ? null : user.getUsername();
    return new Review(
        Boolean.TRUE.equals(status.getAuthenticated()),
        audiences == null ? List.of() : audiences,
        name == null ? "" : name,
        extra == null ? Map.of() : extra,
        status.getError() == null ? "" : status.getError());
  }

  private static String cause(KubernetesClientException e) {
    Throwable cause = e;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause.getClass().getSimpleName();
  }
}
