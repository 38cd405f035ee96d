package io.refmesh.toxiproxy.api;

import io.refmesh.toxiproxy.json.JsonException;
import io.refmesh.toxiproxy.json.JsonParser;
import io.refmesh.toxiproxy.json.JsonValue;
import io.refmesh.toxiproxy.proxy.Proxies;
import io.refmesh.toxiproxy.proxy.Proxy;
import io.refmesh.toxiproxy.proxy.Refusal;
import io.refmesh.toxiproxy.toxic.Toxic;
import java.util.ArrayList;
import java.util.List;

/**
 * Every operation of the API: from a method, a path and a body to an answer. Runs on the control
 * loop, one request after another; it waits for the data loops, which is what makes an answer mean
 * that the change is in force.
 */
public final class Api {
  private final Proxies proxies;
  private final String version;

  public Api(Proxies proxies, String version) {
    this.proxies = proxies;
    this.version = version;
  }

  /**
   * Makes proxies from a populate body, as the request does.
   *
   * @throws Refusal with the reason; the proxies before the failing one exist
   */
  public void populate(byte[] body) throws Refusal {
    createAll(body, new ArrayList<>());
  }

  /** The route for a path, its segments decoded. */
  static Route route(List<String> path) {
    return switch (path.size()) {
      case 1 ->
          switch (path.getFirst()) {
            case "version" -> Route.VERSION;
            case "reset" -> Route.RESET;
            case "populate" -> Route.POPULATE;
            case "proxies" -> Route.PROXIES;
            default -> Route.NONE;
          };
      case 2 -> path.getFirst().equals("proxies") ? Route.PROXY : Route.NONE;
      case 3 -> isToxics(path) ? Route.TOXICS : Route.NONE;
      case 4 -> isToxics(path) ? Route.TOXIC : isOwn(path) ? Route.EXISTING_TOXICS : Route.NONE;
      case 5 -> isOwn(path) ? Route.EXISTING_TOXIC : Route.NONE;
      default -> Route.NONE;
    };
  }

  private static boolean isToxics(List<String> path) {
    return path.get(0).equals("proxies") && path.get(2).equals("toxics");
  }

  /** Refmesh's own, under a prefix of its own: {@code /refmesh/proxies/NAME/toxics}. */
  private static boolean isOwn(List<String> path) {
    return path.get(0).equals("refmesh") && isToxics(path.subList(1, path.size()));
  }

  /** Answers a request that {@link Route#allows} its method. */
  Answer answer(Route route, String method, List<String> path, byte[] body) {
    try {
      return switch (route) {
        case VERSION -> Answer.version(version);
        case RESET -> {
          proxies.reset();
          yield Answer.noContent();
        }
        case POPULATE -> populateAnswer(body);
        case PROXIES ->
            method.equals("GET")
                ? Answer.json(200, Shapes.proxiesByName(proxies.all()))
                : createProxy(body);
        case PROXY -> proxy(method, path.get(1), body);
        case TOXICS -> toxics(method, proxies.get(path.get(1)), body);
        case TOXIC -> toxic(method, proxies.get(path.get(1)), path.get(3), body);
        case EXISTING_TOXICS -> existingToxics(proxies.get(path.get(2)), body);
        case EXISTING_TOXIC -> {
          proxies.get(path.get(2)).removeFromExisting(path.get(4));
          yield Answer.noContent();
        }
        case NONE -> Answer.notFound();
      };
    } catch (Refusal refusal) {
      return Answer.refused(refusal);
    } catch (JsonException e) {
      return Answer.refused(Refusal.badBody(String.valueOf(e.getMessage())));
    }
  }

  private Answer createProxy(byte[] body) throws Refusal, JsonException {
    ProxyInput input = ProxyInput.forCreate(JsonParser.parse(body));
    requireFields(input, "");
    Proxy proxy = proxies.create(input.name(), input.listen(), input.upstream(), input.enabled());
    return Answer.json(201, Shapes.proxy(proxy));
  }

  private Answer proxy(String method, String name, byte[] body) throws Refusal, JsonException {
    if (method.equals("DELETE")) {
      proxies.delete(name);
      return Answer.noContent();
    }
    Proxy proxy = proxies.get(name);
    if (!method.equals("GET")) {
      ProxyInput input = ProxyInput.forUpdate(JsonParser.parse(body), proxy);
      proxy.update(input.listen(), input.upstream(), input.enabled());
    }
    return Answer.json(200, Shapes.proxy(proxy));
  }

  private static Answer toxics(String method, Proxy proxy, byte[] body)
      throws Refusal, JsonException {
    if (method.equals("GET")) {
      return Answer.json(200, Shapes.toxics(proxy.toxics()));
    }
    Toxic toxic = ToxicInput.forCreate(JsonParser.parse(body), proxy::has);
    proxy.add(toxic);
    return Answer.json(200, Shapes.toxic(toxic));
  }

  private static Answer existingToxics(Proxy proxy, byte[] body) throws Refusal, JsonException {
    JsonValue input = JsonParser.parse(body);
    ToxicInput.requireExisting(input);
    Toxic toxic = ToxicInput.forCreate(input, proxy::has);
    proxy.addToExisting(toxic);
    return Answer.json(200, Shapes.toxic(toxic));
  }

  private static Answer toxic(String method, Proxy proxy, String name, byte[] body)
      throws Refusal, JsonException {
    Toxic toxic = proxy.toxic(name);
    switch (method) {
      case "GET" -> {}
      case "DELETE" -> {
        proxy.remove(name);
        return Answer.noContent();
      }
      default -> {
        toxic = ToxicInput.forUpdate(JsonParser.parse(body), toxic);
        proxy.replace(toxic);
      }
    }
    return Answer.json(200, Shapes.toxic(toxic));
  }

  private Answer populateAnswer(byte[] body) {
    List<Proxy> made = new ArrayList<>();
    try {
      createAll(body, made);
      return Answer.json(201, Shapes.populated(made));
    } catch (Refusal refusal) {
      return Answer.json(refusal.status(), Shapes.populateFailed(refusal, made));
    }
  }

  /** Checks all entries before it makes the first; stops at the first that cannot be made. */
  private void createAll(byte[] body, List<Proxy> made) throws Refusal {
    List<ProxyInput> inputs;
    try {
      JsonValue list = JsonParser.parse(body);
      inputs = ProxyInput.forPopulate(list);
    } catch (JsonException e) {
      throw Refusal.badBody(String.valueOf(e.getMessage()));
    }
    for (int i = 0; i < inputs.size(); i++) {
      requireFields(inputs.get(i), " at proxy " + (i + 1));
    }
    for (ProxyInput input : inputs) {
      made.add(
          proxies.createOrReplace(input.name(), input.listen(), input.upstream(), input.enabled()));
    }
  }

  private static void requireFields(ProxyInput input, String where) throws Refusal {
    if (input.name().isEmpty()) {
      throw Refusal.missingField("name" + where);
    }
    if (input.upstream().isEmpty()) {
      throw Refusal.missingField("upstream" + where);
    }
  }
}
