package io.refmesh.control.kubernetes;

import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.HttpClient;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * One watch: an answer that does not end, a line of JSON for each event. Events are told on the
 * client's thread before more bytes are asked for, so a slow reader slows the server.
 */
final class WatchStream implements ClusterApi.Watching {

  /** No object is longer: etcd takes 1.5 MiB. */
  private static final int LINE_BYTES_MAX = 8 * 1024 * 1024;

  /** How failures are told. */
  interface Failures {
    ApiFailure refused(int status, String body);

    ApiFailure unanswered(Throwable cause);
  }

  private final ClusterApi.Events events;
  private final Failures failures;
  private final CompletableFuture<Void> ended = new CompletableFuture<>();
  // The client's thread only, one after the other.
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();
  private volatile @Nullable AsyncBody body;
  private volatile boolean streaming;

  private WatchStream(ClusterApi.Events events, Failures failures) {
    this.events = events;
    this.failures = failures;
  }

  static WatchStream start(
      HttpClient http, HttpRequest request, ClusterApi.Events events, Failures failures) {
    WatchStream stream = new WatchStream(events, failures);
    CompletableFuture<HttpResponse<AsyncBody>> answer =
        http.consumeBytes(request, stream::received);
    answer.whenComplete((response, failure) -> {
      if (failure != null) {
        stream.ended.completeExceptionally(failures.unanswered(failure));
      } else {
        stream.answered(response);
      }
    });
    stream.ended.whenComplete((nothing, failure) -> answer.cancel(true));
    return stream;
  }

  @Override
  public CompletableFuture<Void> ended() {
    return ended;
  }

  @Override
  public void close() {
    ended.complete(null);
    AsyncBody open = body;
    if (open != null) {
      open.cancel();
    }
  }

  private void answered(HttpResponse<AsyncBody> response) {
    AsyncBody answer = response.body();
    body = answer;
    if (ended.isDone()) {
      answer.cancel();
      return;
    }
    boolean taken = response.isSuccessful();
    if (taken) {
      streaming = true;
      events.opened();
    }
    answer
        .done()
        .whenComplete((nothing, failure) -> {
          if (failure != null) {
            ended.completeExceptionally(failures.unanswered(failure));
          } else if (taken) {
            ended.complete(null);
          } else {
            ended.completeExceptionally(
                failures.refused(response.code(), line.toString(StandardCharsets.UTF_8)));
          }
        });
    answer.consume();
  }

  private void received(List<ByteBuffer> buffers, AsyncBody answer) {
    for (ByteBuffer buffer : buffers) {
      while (buffer.hasRemaining()) {
        byte next = buffer.get();
        if (next == '\n' && streaming) {
          told(line.toString(StandardCharsets.UTF_8));
          line.reset();
        } else if (line.size() < LINE_BYTES_MAX) {
          line.write(next);
        } else {
          ended.completeExceptionally(
              new ApiFailure(0, "an event of more than " + LINE_BYTES_MAX + " bytes"));
          answer.cancel();
          return;
        }
      }
    }
    answer.consume();
  }

  private void told(String text) {
    if (text.isBlank() || ended.isDone()) {
      return;
    }
    JsonNode event;
    try {
      event = ClusterClient.JSON.readTree(text);
    } catch (JacksonException e) {
      ended.completeExceptionally(
          new ApiFailure(0, "an event that is not JSON: " + e.getOriginalMessage(), e));
      return;
    }
    String type = event.path("type").asString("");
    JsonNode object = event.path("object");
    if (type.equals("ERROR")) {
      ended.completeExceptionally(
          failures.refused(object.path("code").asInt(0), object.toString()));
      return;
    }
    events.event(type, object);
  }
}
