package io.refmesh.load;

import io.refmesh.load.LoadPlan.Protocol;
import io.refmesh.load.LoadPlan.StreamPlan;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads a plan file and refuses what is unknown, missing, of the wrong type or out of range, with
 * its place in the file.
 */
final class PlanReader {

  private static final int STREAMS_MAX = 64;
  private static final int PATHS_MAX = 1000;
  private static final int HEADERS_MAX = 64;
  private static final long MILLIS_MAX = 24 * 3600 * 1000L;
  private static final int BODY_BYTES_MAX = 10 * 1024 * 1024;
  private static final long FILE_BYTES_MAX = 4 * 1024 * 1024;

  private static final Set<String> PLAN_FIELDS = Set.of("seed", "report", "streams");
  private static final Set<String> STREAM_FIELDS =
      Set.of(
          "id",
          "url",
          "method",
          "path",
          "paths",
          "protocol",
          "ratePerSecond",
          "startAfterMillis",
          "durationMillis",
          "bodyBytes",
          "headers",
          "requestTimeoutMillis",
          "newConnectionEach",
          "expectBodyBytes",
          "trustStore",
          "idPrefix");
  private static final Set<String> METHODS =
      Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE");

  /**
   * Headers that the sender owns: a second value of them would make the record or the framing
   * wrong.
   */
  private static final Set<String> RESERVED_HEADERS =
      Set.of("x-request-id", "host", "content-length", "transfer-encoding", "connection");

  private static final Pattern ID = Pattern.compile("[A-Za-z0-9._-]{1,64}");
  private static final Pattern HEADER_NAME = Pattern.compile("[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}");
  private static final Pattern HEADER_VALUE = Pattern.compile("[\\x20-\\x7e]{0,4000}");
  private static final Pattern PATH = Pattern.compile("/[\\x21-\\x7e&&[^#]]{0,4000}");

  private PlanReader() {}

  static LoadPlan read(Path file) throws PlanRefused {
    try {
      if (Files.size(file) > FILE_BYTES_MAX) {
        throw new PlanRefused(
            file
                + ": "
                + Files.size(file)
                + " bytes (expected: a plan of at most "
                + FILE_BYTES_MAX
                + ")");
      }
      return parse(
          file.toString(), Files.readString(file), file.toAbsolutePath().resolveSibling(""));
    } catch (NoSuchFileException absent) {
      throw new PlanRefused(file + ": no such file (expected: a load plan)");
    } catch (CharacterCodingException notText) {
      throw new PlanRefused(file + ": not UTF-8 text (expected: a load plan in JSON)");
    } catch (IOException unreadable) {
      throw new PlanRefused(file + ": cannot be read: " + unreadable);
    }
  }

  /**
   * Reads a plan from its text.
   *
   * @param folder where relative file names start
   */
  static LoadPlan parse(String name, String text, Path folder) throws PlanRefused {
    PlanNode root = PlanNode.parse(name, text);
    Map<String, PlanNode> fields = root.object();
    requireKnown(fields, PLAN_FIELDS);
    long seed =
        fields.containsKey("seed") ? fields.get("seed").whole(Long.MIN_VALUE, Long.MAX_VALUE) : 0;
    boolean report = fields.containsKey("report") && fields.get("report").bool();
    List<StreamPlan> streams = new ArrayList<>();
    Set<String> ids = new HashSet<>();
    Set<String> prefixes = new HashSet<>();
    for (PlanNode node : require(root, "streams").list(STREAMS_MAX)) {
      StreamPlan stream = stream(node, folder);
      if (!ids.add(stream.id())) {
        throw require(node, "id").refused("an id that no other stream has");
      }
      if (!prefixes.add(stream.idPrefix())) {
        throw node.object()
            .getOrDefault("idPrefix", node)
            .refused("a prefix that no other stream has (the default is its id)");
      }
      streams.add(stream);
    }
    return new LoadPlan(seed, report, List.copyOf(streams));
  }

  private static StreamPlan stream(PlanNode node, Path folder) throws PlanRefused {
    Map<String, PlanNode> fields = node.object();
    requireKnown(fields, STREAM_FIELDS);
    String id =
        matching(require(node, "id"), ID, "letters, digits, '.', '_' or '-', 1 to 64 of them");
    Protocol protocol = protocol(fields.get("protocol"));
    PlanNode urlNode = require(node, "url");
    URI url = url(urlNode, protocol);
    int port = url.getPort() > 0 ? url.getPort() : protocol == Protocol.HTTPS ? 443 : 80;
    PlanNode duration = require(node, "durationMillis");
    long durationMillis = duration.whole(1000, MILLIS_MAX);
    if (durationMillis % 1000 != 0) {
      throw duration.refused("a multiple of 1000, for arrivals are spread over whole seconds");
    }
    PlanNode rate = require(node, "ratePerSecond");
    double ratePerSecond = rate.number("0.01", "5000");
    if (Math.round(durationMillis / 1000 * ratePerSecond) < 1) {
      throw rate.refused("at least one request within durationMillis " + durationMillis);
    }
    PlanNode trust = fields.get("trustStore");
    if (trust != null && protocol != Protocol.HTTPS) {
      throw trust.refused("no trustStore unless protocol is \"https\"");
    }
    return new StreamPlan(
        id,
        protocol,
        url.getHost(),
        port,
        url.getRawAuthority(),
        method(fields.get("method")),
        paths(node, fields),
        ratePerSecond,
        whole(fields, "startAfterMillis", 0, MILLIS_MAX, 0),
        durationMillis,
        (int) whole(fields, "bodyBytes", 0, BODY_BYTES_MAX, 0),
        headers(fields.get("headers")),
        whole(fields, "requestTimeoutMillis", 1, 600_000, 10_000),
        fields.containsKey("newConnectionEach") && fields.get("newConnectionEach").bool(),
        whole(fields, "expectBodyBytes", 0, Long.MAX_VALUE, -1),
        trust == null ? null : trustStore(trust, folder),
        fields.containsKey("idPrefix")
            ? matching(
                fields.get("idPrefix"), ID, "letters, digits, '.', '_' or '-', 1 to 64 of them")
            : id);
  }

  private static Protocol protocol(@Nullable PlanNode node) throws PlanRefused {
    String expected = "\"http1\", \"h2c\" or \"https\"";
    if (node == null) {
      return Protocol.HTTP1;
    }
    return switch (node.text(expected)) {
      case "http1" -> Protocol.HTTP1;
      case "h2c" -> Protocol.H2C;
      case "https" -> Protocol.HTTPS;
      default -> throw node.refused(expected);
    };
  }

  private static URI url(PlanNode node, Protocol protocol) throws PlanRefused {
    String scheme = protocol == Protocol.HTTPS ? "https" : "http";
    String expected =
        scheme + "://host[:port] for protocol \"" + protocol.name().toLowerCase(Locale.ROOT) + "\"";
    try {
      URI url = new URI(node.text(expected));
      if (scheme.equals(url.getScheme())
          && url.getHost() != null
          && url.getUserInfo() == null
          && (url.getPort() == -1 || (url.getPort() > 0 && url.getPort() < 65_536))
          && (url.getRawPath().isEmpty() || url.getRawPath().equals("/"))
          && url.getRawQuery() == null
          && url.getRawFragment() == null) {
        return url;
      }
      throw node.refused(expected);
    } catch (URISyntaxException notUrl) {
      throw node.refused(expected);
    }
  }

  private static String method(@Nullable PlanNode node) throws PlanRefused {
    String expected = "one of GET, HEAD, POST, PUT, PATCH, DELETE";
    if (node == null) {
      return "GET";
    }
    String method = node.text(expected);
    if (!METHODS.contains(method)) {
      throw node.refused(expected);
    }
    return method;
  }

  private static List<String> paths(PlanNode stream, Map<String, PlanNode> fields)
      throws PlanRefused {
    String expected = "a path that begins with '/', without spaces or '#'";
    PlanNode one = fields.get("path");
    PlanNode several = fields.get("paths");
    if ((one == null) == (several == null)) {
      throw (several == null ? stream : several)
          .refused("\"path\" or \"paths\", exactly one of them");
    }
    if (one != null) {
      return List.of(matching(one, PATH, expected));
    }
    List<String> paths = new ArrayList<>();
    for (PlanNode node : several.list(PATHS_MAX)) {
      paths.add(matching(node, PATH, expected));
    }
    return List.copyOf(paths);
  }

  private static Map<String, String> headers(@Nullable PlanNode node) throws PlanRefused {
    Map<String, String> headers = new LinkedHashMap<>();
    if (node == null) {
      return headers;
    }
    if (node.object().size() > HEADERS_MAX) {
      throw node.refused("at most " + HEADERS_MAX + " headers");
    }
    for (Map.Entry<String, PlanNode> header : node.object().entrySet()) {
      String name = header.getKey().toLowerCase(Locale.ROOT);
      if (!HEADER_NAME.matcher(name).matches() || RESERVED_HEADERS.contains(name)) {
        throw header
            .getValue()
            .refused(
                "a header other than "
                    + String.join(", ", RESERVED_HEADERS.stream().sorted().toList()));
      }
      if (headers.put(
              name,
              matching(header.getValue(), HEADER_VALUE, "printable ASCII, at most 4000 characters"))
          != null) {
        throw header.getValue().refused("each header once, whatever its case");
      }
    }
    return headers;
  }

  private static Path trustStore(PlanNode node, Path folder) throws PlanRefused {
    Path file = folder.resolve(node.text("a file name")).normalize();
    if (!Files.isReadable(file)) {
      throw node.refused("a readable PEM file of CA certificates; looked for " + file);
    }
    return file;
  }

  private static long whole(
      Map<String, PlanNode> fields, String name, long from, long to, long otherwise)
      throws PlanRefused {
    PlanNode node = fields.get(name);
    return node == null ? otherwise : node.whole(from, to);
  }

  private static String matching(PlanNode node, Pattern pattern, String expected)
      throws PlanRefused {
    String text = node.text(expected);
    if (!pattern.matcher(text).matches()) {
      throw node.refused(expected);
    }
    return text;
  }

  private static PlanNode require(PlanNode node, String name) throws PlanRefused {
    PlanNode field = node.object().get(name);
    if (field == null) {
      throw node.refused("the field \"" + name + "\"");
    }
    return field;
  }

  private static void requireKnown(Map<String, PlanNode> fields, Set<String> known)
      throws PlanRefused {
    for (Map.Entry<String, PlanNode> field : fields.entrySet()) {
      if (!known.contains(field.getKey())) {
        throw field
            .getValue()
            .refused("one of the fields " + String.join(", ", known.stream().sorted().toList()));
      }
    }
  }
}
