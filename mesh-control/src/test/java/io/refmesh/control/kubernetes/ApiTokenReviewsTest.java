package io.refmesh.control.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.refmesh.control.identity.TokenReviews.Review;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class ApiTokenReviewsTest {

  private final FakeApiServer api;
  private final KubernetesClient client;
  private final ApiTokenReviews reviews;

  ApiTokenReviewsTest() throws IOException {
    api = new FakeApiServer();
    client = api.client();
    reviews = new ApiTokenReviews(client);
  }

  @AfterEach
  void close() {
    client.close();
    api.close();
  }

  @Test
  void asksForTheAudienceAndReadsWhoItIs() throws Exception {
    AtomicReference<JsonNode> sent = new AtomicReference<>();
    api.review =
        review -> {
          sent.set(review);
          return """
          {"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","metadata":{},"status":{
            "authenticated":true,"audiences":["refmesh.io"],"user":{
              "username":"system:serviceaccount:shop:web","uid":"u","groups":["system:serviceaccounts"],
              "extra":{"authentication.kubernetes.io/pod-name":["web-7f"]}}}}
          """;
        };

    Review review = reviews.review("a.b.c", "refmesh.io");

    assertThat(sent.get().path("spec").path("token").asString()).isEqualTo("a.b.c");
    assertThat(sent.get().path("spec").path("audiences").path(0).asString())
        .isEqualTo("refmesh.io");
    assertThat(review.authenticated()).isTrue();
    assertThat(review.audiences()).containsExactly("refmesh.io");
    assertThat(review.user()).isEqualTo("system:serviceaccount:shop:web");
    assertThat(review.extra())
        .containsEntry("authentication.kubernetes.io/pod-name", List.of("web-7f"));
  }

  @Test
  void aStatusThatSaysNothingIsNoYes() throws Exception {
    api.review =
        review ->
            "{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"TokenReview\",\"status\":{\"error\":\"[invalid"
                + " bearer token]\"}}";

    Review review = reviews.review("a.b.c", "refmesh.io");

    assertThat(review.authenticated()).isFalse();
    assertThat(review.audiences()).isEmpty();
    assertThat(review.error()).isEqualTo("[invalid bearer token]");
  }

  @Test
  void throwsWhenThereIsNoAnswerAndNeverRepeatsTheToken() {
    api.review = review -> "{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"TokenReview\"}";
    assertThatThrownBy(() -> reviews.review("secret.token.x", "refmesh.io"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("without a status");

    api.fails = 500;
    assertThatThrownBy(() -> reviews.review("secret.token.x", "refmesh.io"))
        .isInstanceOf(IOException.class)
        .hasMessage("it answered 500")
        .hasNoCause();
    api.fails = 403;
    assertThatThrownBy(() -> reviews.review("secret.token.x", "refmesh.io"))
        .hasMessageContaining("expected: leave to create tokenreviews.authentication.k8s.io");

    api.close();
    assertThatThrownBy(() -> reviews.review("secret.token.x", "refmesh.io"))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("no answer (");
  }
}
