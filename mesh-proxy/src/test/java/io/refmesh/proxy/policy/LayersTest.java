package io.refmesh.proxy.policy;

import static io.refmesh.proxy.scripted.ScriptedService.status;
import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.model.error.MeshError;
import io.refmesh.model.policy.InboundPolicy;
import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.scripted.RecordingReply;
import io.refmesh.proxy.scripted.ScriptedService;
import io.refmesh.proxy.scripted.TestLoop;
import io.refmesh.proxy.telemetry.ProxyMetric;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class LayersTest {

  private final TestLoop loop = new TestLoop();
  private final RecordingReply reply = new RecordingReply();

  @Test
  void refusesByThePolicyInForceAndCounts() {
    AtomicReference<Authorizer> current =
        new AtomicReference<>(authorizer(InboundPolicy.Default.DENY));
    ScriptedService service = new ScriptedService(status(200));
    AuthorizationLayer layer =
        new AuthorizationLayer(current::get, 8080, new AuthorizationMeters(loop.metrics));

    layer.wrap(service).handle(loop.get("/"), reply);
    assertThat(reply.error()).isEqualTo(MeshError.DENIED);
    assertThat(reply.detail()).startsWith("policy default:deny");

    current.set(authorizer(InboundPolicy.Default.ALL_UNAUTHENTICATED));
    RecordingReply next = new RecordingReply();
    layer.wrap(service).handle(loop.get("/"), next);
    assertThat(next.status()).isEqualTo(200);
    assertThat(count("deny", "default:deny")).isEqualTo(1);
    assertThat(count("allow", "default:all-unauthenticated")).isEqualTo(1);
  }

  @Test
  void removesTheNamesThatAreTheMeshsOwn() {
    Exchange exchange = loop.get("/");
    exchange
        .request()
        .headers()
        .add("x-mesh-try", "9")
        .add("x-mesh-anything", "1")
        .add("x-forwarded-client-cert", "URI=spiffe://a/ns/b/sa/c")
        .add("x-mesh", "stays")
        .add("x-mesh-anything", "2");
    new StripMeshHeaders().wrap(new ScriptedService(status(200))).handle(exchange, reply);
    assertThat(exchange.request().headers().names())
        .extracting(Object::toString)
        .containsExactly("x-mesh");
  }

  private long count(String decision, String policy) {
    return loop.metrics
        .counter(ProxyMetric.AUTHORIZATION_TOTAL, "inbound", decision, policy)
        .value();
  }

  private static Authorizer authorizer(InboundPolicy.Default policy) {
    return new Authorizer(new InboundPolicy(policy, "cluster.local", List.of()));
  }
}
