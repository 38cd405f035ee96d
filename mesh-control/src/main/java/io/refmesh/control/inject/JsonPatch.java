package io.refmesh.control.inject;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Additions to one JSON object, written down as RFC 6902 says. Only {@code add} is needed: it also
 * replaces a member that is there. Not thread-safe.
 */
final class JsonPatch {

  private final ObjectNode target;
  private final ArrayNode operations = JsonNodeFactory.instance.arrayNode();

  /**
   * @param target what the patch is for; changed as the patch grows, so that each addition sees
   *     those before it
   */
  JsonPatch(ObjectNode target) {
    this.target = target;
  }

  /** Puts a member into the mapping at {@code path}, which is made when it is not there. */
  void put(String path, String name, JsonNode value) {
    ObjectNode parent = object(path);
    parent.set(name, value);
    add(path + "/" + escaped(name), value);
  }

  void put(String path, String name, String value) {
    put(path, name, JsonNodeFactory.instance.stringNode(value));
  }

  /** Puts an element into the list at {@code path}, which is made when it is not there. */
  void insert(String path, int index, JsonNode value) {
    array(path).insert(index, value);
    add(path + "/" + index, value);
  }

  /** Puts an element at the end of the list at {@code path}, which is made when it is not there. */
  void append(String path, JsonNode value) {
    array(path).add(value);
    add(path + "/-", value);
  }

  /** What the patch is for, as it makes it. */
  ObjectNode target() {
    return target;
  }

  ArrayNode operations() {
    return operations;
  }

  private ObjectNode object(String path) {
    if (path.isEmpty()) {
      return target;
    }
    if (target.at(path) instanceof ObjectNode there) {
      return there;
    }
    ObjectNode made = JsonNodeFactory.instance.objectNode();
    put(parent(path), last(path), made);
    // The operation is written out as it was: empty.
    operations.set(operations.size() - 1, operation(path, made.deepCopy()));
    return made;
  }

  private ArrayNode array(String path) {
    if (target.at(path) instanceof ArrayNode there) {
      return there;
    }
    ArrayNode made = JsonNodeFactory.instance.arrayNode();
    put(parent(path), last(path), made);
    operations.set(operations.size() - 1, operation(path, made.deepCopy()));
    return made;
  }

  private void add(String path, JsonNode value) {
    operations.add(operation(path, value));
  }

  private static ObjectNode operation(String path, JsonNode value) {
    ObjectNode operation = JsonNodeFactory.instance.objectNode();
    operation.put("op", "add");
    operation.put("path", path);
    operation.set("value", value);
    return operation;
  }

  private static String parent(String path) {
    return path.substring(0, path.lastIndexOf('/'));
  }

  private static String last(String path) {
    return path.substring(path.lastIndexOf('/') + 1).replace("~1", "/").replace("~0", "~");
  }

  private static String escaped(String name) {
    return name.replace("~", "~0").replace("/", "~1");
  }
}
