package io.refmesh.local.conformance;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A call and what its answer has to be. What the suite of Gateway API looks at is always compared;
 * the rest, {@code Location} and the path that the backend sees, only by the strict tests.
 *
 * @param backend the workload that answers; * for any, empty for the mesh itself
 * @param seen headers as the backend sees them; an empty value: it must not see the header
 * @param answered headers of the answer; an empty value: it must not have the header
 * @param seenPath empty: unchanged
 * @param location empty: none
 */
record Probe(
    Call call,
    int status,
    String backend,
    Map<String, String> seen,
    Map<String, String> answered,
    String seenPath,
    String location) {

  static Probe by(String backend, Call call) {
    return new Probe(call, 200, backend, Map.of(), Map.of(), call.path(), "");
  }

  static Probe refused(int status, Call call) {
    return new Probe(call, status, "", Map.of(), Map.of(), "", "");
  }

  static Probe redirected(int status, String location, Call call) {
    return new Probe(call, status, "", Map.of(), Map.of(), "", location);
  }

  Probe seeing(String name, String value) {
    return new Probe(call, status, backend, plus(seen, name, value), answered, seenPath, location);
  }

  Probe answering(String name, String value) {
    return new Probe(call, status, backend, seen, plus(answered, name, value), seenPath, location);
  }

  Probe at(String path) {
    return new Probe(call, status, backend, seen, answered, path, location);
  }

  /** What is wrong; empty when nothing is. */
  List<String> wrong(MeshUnderTest mesh, boolean strict) {
    Answer answer;
    try {
      answer = mesh.call(call);
    } catch (IOException e) {
      return List.of("no answer: " + e.getMessage());
    }
    List<String> wrong = new ArrayList<>();
    compare(wrong, "status", Integer.toString(status), Integer.toString(answer.status()));
    if (!backend.equals("*")) {
      compare(wrong, "backend", backend, answer.backend());
    }
    seen.forEach((name, value) ->
        compare(wrong, "request header " + name, value, get(answer.seenHeaders(), name)));
    answered.forEach((name, value) ->
        compare(wrong, "response header " + name, value, get(answer.headers(), name)));
    if (strict) {
      compare(wrong, "Location", location, get(answer.headers(), "location"));
      if (!backend.isEmpty()) {
        compare(wrong, "namespace", MeshUnderTest.NAMESPACE, answer.namespace());
        if (!call.grpc()) {
          compare(wrong, "path", seenPath, answer.seenPath());
        }
      }
    }
    if (!wrong.isEmpty() && backend.isEmpty() != answer.backend().isEmpty()) {
      wrong.add("answered: " + answer.body().strip());
    }
    return wrong;
  }

  @Override
  public String toString() {
    return call.to() + ":" + call.port() + call.path() + " " + call.headers();
  }

  private static void compare(List<String> wrong, String what, String expected, String found) {
    if (!expected.equals(found)) {
      wrong.add(what + " \"" + found + "\" (expected: \"" + expected + "\")");
    }
  }

  private static String get(Map<String, String> headers, String name) {
    return headers.getOrDefault(name.toLowerCase(Locale.ROOT), "");
  }

  private static Map<String, String> plus(Map<String, String> all, String name, String value) {
    Map<String, String> more = new LinkedHashMap<>(all);
    more.put(name, value);
    return more;
  }
}
