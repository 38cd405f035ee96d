package io.refmesh.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.policy.Egress;
import io.refmesh.model.policy.Timeouts;
import io.refmesh.proxy.http.wire.RawClient;
import io.refmesh.proxy.http.wire.RawClient.Message;
import java.io.IOException;
import java.net.Socket;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A program that is told of the mesh by HTTP_PROXY, its sidecar, and an application behind one. */
class HttpProxyTest {

  private final TestMesh mesh = new TestMesh();
  private final RawApplication application = new RawApplication();
  private final int port = application.address().port();
  private final TestMesh.Sidecar cart =
      mesh.of("cart", application.address(), AppProtocol.HTTP).start();
  private final TestMesh.Sidecar web = mesh.caller("web").start();

  @AfterEach
  void close() {
    mesh.close();
    application.close();
  }

  private RawClient connect() throws IOException {
    return new RawClient(new Socket(web.inbound, TestMesh.HTTP_PROXY_PORT));
  }

  private HostPort known(AppProtocol protocol) {
    return web.calls(
        TestMesh.destination(
            cart.service(), protocol, Timeouts.NONE, null, List.of(cart.endpoint())));
  }

  @Test
  void carriesRequestsInAbsoluteFormAsItsWorkload() throws IOException {
    known(AppProtocol.HTTP);
    try (RawClient client = connect()) {
      for (String name :
          List.of(
              "cart", "cart.shop", "Cart.shop.svc", "cart.shop.svc." + TestMesh.CLUSTER_DOMAIN)) {
        Message answer =
            client
                .send(
                    "POST http://"
                        + name
                        + ":"
                        + port
                        + "/a?b=c HTTP/1.1\r\nHost: "
                        + name
                        + "\r\nProxy-Connection: keep-alive\r\nContent-Length: 2\r\n\r\nhi")
                .readResponse();
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.text()).isEqualTo("hi");
      }
    }
    Message seen = application.request(1);
    assertThat(seen.start()).isEqualTo("POST /a?b=c HTTP/1.1");
    assertThat(seen.field("host")).isEqualTo("cart.shop:" + port);
    assertThat(seen.field("proxy-connection")).isNull();
    assertThat(seen.field("x-forwarded-client-cert"))
        .isEqualTo("URI=spiffe://cluster.local/ns/shop/sa/web");
    assertThat(web.count("request_total", "outbound", "dst_service=\"cart\"")).isEqualTo(4);
  }

  @Test
  void connectLeadsWhereTheServicesListenerWould() throws IOException {
    known(AppProtocol.HTTP);
    try (RawClient client = connect()) {
      assertThat(
              client
                  .send("CONNECT cart.shop:" + port + " HTTP/1.1\r\nHost: x\r\n\r\n")
                  .readHead()
                  .start())
          .isEqualTo("HTTP/1.1 200 OK");
      for (int i = 0; i < 2; i++) {
        assertThat(
                client.send("GET /in HTTP/1.1\r\nHost: cart.shop\r\n\r\n").readResponse().status())
            .isEqualTo(200);
      }
    }
    assertThat(application.request(0).start()).isEqualTo("GET /in HTTP/1.1");
    assertThat(web.count("request_total", "outbound", "dst_service=\"cart\"")).isEqualTo(2);
  }

  @Test
  void connectCarriesWhatIsSentAtOnceAndWhatIsNotHttp() throws IOException {
    known(AppProtocol.OPAQUE);
    try (RawClient client = connect()) {
      client.send(
          "CONNECT cart.shop:" + port + " HTTP/1.1\r\n\r\nGET /opaque HTTP/1.1\r\nhost: a\r\n\r\n");
      assertThat(client.readHead().status()).isEqualTo(200);
      assertThat(client.readResponse().status()).isEqualTo(200);
    }
    assertThat(application.request(0).start()).isEqualTo("GET /opaque HTTP/1.1");
    assertThat(web.count("request_total", "outbound")).isZero();
  }

  @Test
  void refusesNamesThatAreNotOfTheMesh() throws IOException {
    known(AppProtocol.HTTP);
    try (RawClient client = connect()) {
      Message answer =
          client
              .send("GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n")
              .readResponse();
      assertThat(answer.status()).isEqualTo(404);
      assertThat(answer.field("x-mesh-error")).isEqualTo("not-in-mesh");
      assertThat(answer.text()).contains("example.com").contains("NO_PROXY");
      answer = client.send("CONNECT example.com:443 HTTP/1.1\r\n\r\n").readResponse();
      assertThat(answer.status()).isEqualTo(404);
      // Also a port that the service does not have.
      answer = client.send("GET http://cart.shop:1/ HTTP/1.1\r\nHost: a\r\n\r\n").readResponse();
      assertThat(answer.status()).isEqualTo(404);
      // And a name of another cluster.
      answer =
          client
              .send("GET http://cart.shop.svc.cluster.local:" + port + "/ HTTP/1.1\r\n\r\n")
              .readResponse();
      assertThat(answer.status()).isEqualTo(404);
      answer = client.send("GET / HTTP/1.1\r\nHost: cart.shop\r\n\r\n").readResponse();
      assertThat(answer.status()).isEqualTo(400);
    }
    assertThat(application.connections).hasValue(0);
    assertThat(web.count("refused_total", "not-in-mesh")).isEqualTo(4);
  }

  @Test
  void isNoWayAroundTheEgressPolicy() throws IOException {
    Egress.Entry allowed =
        new Egress.Entry("shop/outside[0]", List.of("a.example.org"), List.of(80), List.of());
    web.mayCall(new Egress("shop/outside", false, List.of(allowed)));
    known(AppProtocol.HTTP);
    try (RawClient client = connect()) {
      for (String request :
          List.of(
              "GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n",
              "GET http://a.example.org:81/ HTTP/1.1\r\nHost: a\r\n\r\n",
              // The name in Host counts for nothing.
              "GET http://example.com/ HTTP/1.1\r\nHost: a.example.org\r\n\r\n",
              "CONNECT example.com:80 HTTP/1.1\r\nHost: a.example.org:80\r\n\r\n",
              "CONNECT " + application.address() + " HTTP/1.1\r\n\r\n")) {
        Message answer = client.send(request).readResponse();
        assertThat(answer.status()).as(request).isEqualTo(403);
        assertThat(answer.field("x-mesh-error")).isEqualTo("denied");
        assertThat(answer.text()).contains("policy shop/outside");
      }
      // What may be called is not carried either: it has its own way out.
      assertThat(
              client
                  .send("GET http://a.example.org/ HTTP/1.1\r\nHost: a\r\n\r\n")
                  .readResponse()
                  .field("x-mesh-error"))
          .isEqualTo("not-in-mesh");
      assertThat(
              client
                  .send("GET http://cart.shop:" + port + "/ HTTP/1.1\r\nHost: a\r\n\r\n")
                  .readResponse()
                  .status())
          .isEqualTo(200);
    }
    assertThat(application.connections).hasValue(1);
    assertThat(web.count("authorization_total", "outbound", "deny", "shop/outside")).isEqualTo(5);
    assertThat(web.count("authorization_total", "outbound", "allow")).isZero();
  }
}
