package io.refmesh.load;

import io.refmesh.load.LoadPlan.Protocol;
import io.refmesh.load.LoadPlan.StreamPlan;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Streams for tests: sensible everywhere, and a test sets what it is about. */
record Streams(
    Protocol protocol,
    String host,
    int port,
    String method,
    int bodyBytes,
    boolean newConnectionEach,
    long expectBodyBytes,
    @Nullable Path trustStore) {

  static Streams to(int port) {
    return new Streams(Protocol.HTTP1, "127.0.0.1", port, "GET", 0, false, -1, null);
  }

  Streams host(String name) {
    return new Streams(
        protocol, name, port, method, bodyBytes, newConnectionEach, expectBodyBytes, trustStore);
  }

  Streams protocol(Protocol other) {
    return new Streams(
        other, host, port, method, bodyBytes, newConnectionEach, expectBodyBytes, trustStore);
  }

  Streams post(int bytes) {
    return new Streams(
        protocol, host, port, "POST", bytes, newConnectionEach, expectBodyBytes, trustStore);
  }

  Streams newConnections() {
    return new Streams(protocol, host, port, method, bodyBytes, true, expectBodyBytes, trustStore);
  }

  Streams expect(long bytes) {
    return new Streams(
        protocol, host, port, method, bodyBytes, newConnectionEach, bytes, trustStore);
  }

  Streams trusting(Path certificates) {
    return new Streams(
        protocol, host, port, method, bodyBytes, newConnectionEach, expectBodyBytes, certificates);
  }

  StreamPlan plan() {
    return new StreamPlan(
        "test",
        protocol,
        host,
        port,
        host + ":" + port,
        method,
        List.of("/"),
        1,
        0,
        1000,
        bodyBytes,
        Map.of("x-shop-test", "yes"),
        5000,
        newConnectionEach,
        expectBodyBytes,
        trustStore,
        "t");
  }
}
