package io.refmesh.proxy.scripted;

import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import io.refmesh.model.discovery.EndpointSpec;
import io.refmesh.model.error.MeshError;
import io.refmesh.proxy.http.BodyPipe;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Outcome;
import io.refmesh.proxy.http.Outcome.Progress;
import io.refmesh.proxy.http.Reply;
import io.refmesh.proxy.http.ResponseHead;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Answers exchange after exchange as its script says; a call that is not in it fails the test. */
public final class ScriptedService implements HttpService {

  /** One step of a script. */
  public interface Step {
    void play(Exchange exchange, Reply reply);
  }

  /** What a call looked like. */
  public record Call(
      long atNanos,
      String path,
      String tryNumber,
      String deadline,
      @Nullable EndpointSpec avoid,
      Exchange exchange,
      Reply reply) {}

  public final List<Call> calls = new ArrayList<>();
  private final ArrayDeque<Step> script = new ArrayDeque<>();
  private final @Nullable Step always;

  public ScriptedService(Step... steps) {
    script.addAll(List.of(steps));
    always = null;
  }

  private ScriptedService(Step always) {
    this.always = always;
  }

  public static ScriptedService always(Step step) {
    return new ScriptedService(step);
  }

  @Override
  public void handle(Exchange exchange, Reply reply) {
    Http2Headers headers = exchange.request().headers();
    calls.add(
        new Call(
            exchange.loop().ticker().nanoTime(),
            exchange.request().path(),
            text(headers.get("x-mesh-try")),
            text(headers.get("x-mesh-deadline")),
            exchange.avoid(),
            exchange,
            reply));
    Step step = script.isEmpty() ? always : script.poll();
    if (step == null) {
      throw new AssertionError("call " + calls.size() + " is not in the script");
    }
    step.play(exchange, reply);
  }

  /** A whole answer at once. */
  public static Step status(int status, String... fields) {
    return (exchange, reply) -> {
      Http2Headers headers = new DefaultHttp2Headers(false);
      for (int i = 0; i < fields.length; i += 2) {
        headers.add(fields[i], fields[i + 1]);
      }
      reply.head(new ResponseHead(status, headers, BodyPipe.empty(), true));
      CharSequence grpc = headers.get("grpc-status");
      reply.done(
          new Outcome.Answered(status, grpc == null ? -1 : Integer.parseInt(grpc.toString())));
    };
  }

  /** An answer that echoes the request body once it is complete. */
  public static Step echo(int status) {
    return (exchange, reply) -> {
      CollectingSink sink = CollectingSink.on(exchange.body());
      BodyPipe body = sink.ended ? TestBody.of(sink.text()) : TestBody.of("incomplete");
      reply.head(new ResponseHead(status, new DefaultHttp2Headers(false), body, false));
      reply.done(new Outcome.Answered(status, -1));
    };
  }

  /** An answer whose body the test sends. */
  public static Step streams(int status, BodyPipe body) {
    return (exchange, reply) -> {
      hold(exchange, reply);
      reply.head(new ResponseHead(status, new DefaultHttp2Headers(false), body, false));
    };
  }

  public static Step fails(MeshError error, Progress progress) {
    return (exchange, reply) -> reply.done(new Outcome.Failed(error, "scripted", progress));
  }

  /** Never answers; ends when it is cancelled. */
  public static Step hangs() {
    return ScriptedService::hold;
  }

  private static void hold(Exchange exchange, Reply reply) {
    exchange.hold(reply::done);
  }

  private static String text(@Nullable CharSequence value) {
    return value == null ? "" : value.toString();
  }
}
