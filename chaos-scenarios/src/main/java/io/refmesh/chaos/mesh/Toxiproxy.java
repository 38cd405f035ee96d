package io.refmesh.chaos.mesh;

import eu.rekawek.toxiproxy.Proxy;
import eu.rekawek.toxiproxy.ToxiproxyClient;
import java.io.IOException;
import java.util.Map;

/** A Toxiproxy server that runs, its own or Refmesh's, spoken to with the official client. */
public final class Toxiproxy {

  private final String url;
  private final String host;
  private final String listen;
  private final ToxiproxyClient client;
  private final HttpJson http;

  /**
   * @param host where its control API and its proxies are reached
   * @param listen the address that its proxies listen on
   */
  public Toxiproxy(String host, int port, String listen, HttpJson http) {
    this.url = "http://" + host + ":" + port;
    this.host = host;
    this.listen = listen;
    this.client = new ToxiproxyClient(host, port);
    this.http = http;
  }

  public String version() throws IOException {
    return client.version();
  }

  /** A proxy in front of {@code upstream}, on a free port. */
  public Proxy proxy(String name, String upstream) throws IOException {
    return client.createProxy(name, listen + ":0", upstream);
  }

  /** Where callers reach a proxy, {@code host:port}. */
  public String address(Proxy proxy) {
    String listening = proxy.getListen();
    return host + listening.substring(listening.lastIndexOf(':'));
  }

  /**
   * A toxic for the connections that are open now; new ones are clean. Toxiproxy has no such thing,
   * so Refmesh's own server is asked for it under a path of its own.
   */
  public void poisonExisting(
      String proxy, String name, String type, String stream, Map<String, Long> attributes)
      throws IOException, InterruptedException {
    http.send(
        "POST",
        url + "/refmesh/proxies/" + proxy + "/toxics",
        Map.of(
            "name",
            name,
            "type",
            type,
            "stream",
            stream,
            "attributes",
            attributes,
            "links",
            "existing"));
  }

  public void healExisting(String proxy, String name) throws IOException, InterruptedException {
    http.send("DELETE", url + "/refmesh/proxies/" + proxy + "/toxics/" + name, "");
  }

  public void poison(
      String proxy, String name, String type, String stream, Map<String, Long> attributes)
      throws IOException, InterruptedException {
    // The client offers a method per type; the types of a scenario are data, so the request is sent
    // as data, too.
    http.send(
        "POST",
        url + "/proxies/" + proxy + "/toxics",
        Map.of("name", name, "type", type, "stream", stream, "attributes", attributes));
  }

  public void heal(String proxy, String name) throws IOException {
    client.getProxy(proxy).toxics().get(name).remove();
  }
}
