package io.refmesh.toxiproxy.api;

import io.refmesh.toxiproxy.json.JsonException;
import io.refmesh.toxiproxy.json.JsonValue;
import io.refmesh.toxiproxy.json.JsonValue.Member;
import io.refmesh.toxiproxy.proxy.Proxy;
import java.util.ArrayList;
import java.util.List;

/** The fields of a proxy in a request. */
record ProxyInput(String name, String listen, String upstream, boolean enabled) {
  private static final ProxyInput NEW = new ProxyInput("", "", "", true);
  private static final String GO_TYPE = "toxiproxy.Proxy";
  private static final String GO_LIST_ELEMENT =
      "struct { toxiproxy.Proxy; Enabled *bool \"json:\\\"enabled\\\"\" }";

  static ProxyInput forCreate(JsonValue body) throws JsonException {
    return NEW.with(body.membersAsValue(GO_TYPE), "Proxy.", "Proxy.");
  }

  static ProxyInput forUpdate(JsonValue body, Proxy present) throws JsonException {
    return new ProxyInput("", present.listen(), present.upstream(), present.enabled())
        .with(body.membersAsValue(GO_TYPE), "Proxy.", "Proxy.");
  }

  static List<ProxyInput> forPopulate(JsonValue body) throws JsonException {
    List<JsonValue> elements = body.elementsAsValue("[]" + GO_LIST_ELEMENT);
    List<ProxyInput> inputs = new ArrayList<>();
    for (JsonValue element : elements == null ? List.<JsonValue>of() : elements) {
      // Go names the embedded struct in the path of all fields but the one declared beside it.
      inputs.add(NEW.with(element.membersAsValue(GO_LIST_ELEMENT), ".Proxy.", "."));
    }
    return inputs;
  }

  private ProxyInput with(List<Member> members, String goPath, String goEnabledPath)
      throws JsonException {
    String newName = name;
    String newListen = listen;
    String newUpstream = upstream;
    boolean newEnabled = enabled;
    for (Member member : members) {
      JsonValue value = member.value();
      if (member.sets("name")) {
        newName = value.asString(goPath + "name");
      } else if (member.sets("listen")) {
        newListen = value.asString(goPath + "listen");
      } else if (member.sets("upstream")) {
        newUpstream = value.asString(goPath + "upstream");
      } else if (member.sets("enabled")) {
        newEnabled = value.asBool(goEnabledPath + "enabled");
      } else if (member.sets("Logger")) {
        value.membersAsField(goPath + "Logger", "zerolog.Logger");
      }
    }
    return new ProxyInput(newName, newListen, newUpstream, newEnabled);
  }
}
