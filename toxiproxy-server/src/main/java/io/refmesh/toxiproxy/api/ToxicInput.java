package io.refmesh.toxiproxy.api;

import io.refmesh.toxiproxy.json.JsonException;
import io.refmesh.toxiproxy.json.JsonValue;
import io.refmesh.toxiproxy.json.JsonValue.JsonNull;
import io.refmesh.toxiproxy.json.JsonValue.Member;
import io.refmesh.toxiproxy.proxy.Refusal;
import io.refmesh.toxiproxy.toxic.Attributes;
import io.refmesh.toxiproxy.toxic.Direction;
import io.refmesh.toxiproxy.toxic.Toxic;
import io.refmesh.toxiproxy.toxic.ToxicType;
import java.util.List;
import java.util.function.Predicate;

/** Reads toxics from requests, checking in the order of the original. */
final class ToxicInput {
  private static final String GO_TYPE = "toxics.ToxicWrapper";
  private static final String GO_UPDATE_TYPE =
      "struct { Attributes interface {} \"json:\\\"attributes\\\"\"; Toxicity float32 \"json:\\\"toxicity\\\"\" }";

  private ToxicInput() {}

  /** A new toxic: body, stream, type, name, attributes. */
  static Toxic forCreate(JsonValue body, Predicate<String> nameTaken)
      throws JsonException, Refusal {
    String name = "";
    String typeName = "";
    String stream = "downstream";
    float toxicity = 1;
    JsonValue attributes = new JsonNull();
    for (Member member : body.membersAsValue(GO_TYPE)) {
      JsonValue value = member.value();
      if (member.sets("name")) {
        name = value.asString("ToxicWrapper.name");
      } else if (member.sets("type")) {
        typeName = value.asString("ToxicWrapper.type");
      } else if (member.sets("stream")) {
        stream = value.asString("ToxicWrapper.stream");
      } else if (member.sets("toxicity")) {
        toxicity = value.asFloat("ToxicWrapper.toxicity");
      } else if (member.sets("attributes")) {
        value.membersAsField("ToxicWrapper.attributes", "toxics.NoopToxic");
        attributes = value;
      }
    }
    Direction direction = Direction.named(stream).orElseThrow(Refusal::badStream);
    ToxicType type = ToxicType.named(typeName).orElseThrow(Refusal::badToxicType);
    if (name.isEmpty()) {
      name = typeName + "_" + stream;
    }
    if (nameTaken.test(name)) {
      throw Refusal.toxicExists();
    }
    long[] zeros = new long[type.attributeNames().size()];
    return new Toxic(name, type, stream, direction, toxicity, merge(type, zeros, attributes));
  }

  /** Refuses a body that does not say {@code "links":"existing"}; there is no other choice yet. */
  static void requireExisting(JsonValue body) throws JsonException, Refusal {
    String links = "";
    for (Member member : body.membersAsValue(GO_TYPE)) {
      if (member.sets("links")) {
        links = member.value().asString("ToxicWrapper.links");
      }
    }
    if (!links.equals("existing")) {
      throw Refusal.badLinks(links);
    }
  }

  /** {@code present} with the fields of the body. */
  static Toxic forUpdate(JsonValue body, Toxic present) throws JsonException, Refusal {
    float toxicity = present.toxicity();
    Attributes attributes = present.attributes();
    for (Member member : body.membersAsValue(GO_UPDATE_TYPE)) {
      if (member.sets("toxicity")) {
        toxicity = member.value().asFloat(".toxicity");
      } else if (member.sets("attributes")) {
        member.value().membersAsField(".attributes", "toxics." + present.type().goName());
        attributes = merge(present.type(), ToxicType.values(attributes), member.value());
      }
    }
    return present.with(toxicity, attributes);
  }

  private static Attributes merge(ToxicType type, long[] values, JsonValue attributes)
      throws JsonException, Refusal {
    List<String> names = type.attributeNames();
    for (Member member : attributes.membersAsValue(GO_TYPE)) {
      for (int i = 0; i < names.size(); i++) {
        if (member.sets(names.get(i))) {
          String goField = type.goName() + ".attributes." + names.get(i);
          values[i] = member.value().asLong(goField, type.goAttributeType());
        }
      }
    }
    try {
      return type.attributes(values);
    } catch (IllegalArgumentException e) {
      throw Refusal.badAttributes(e);
    }
  }
}
