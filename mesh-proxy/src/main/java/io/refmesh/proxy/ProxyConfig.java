package io.refmesh.proxy;

import io.netty.util.NetUtil;
import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.proxy.TelemetryConfig.AccessLogging;
import io.refmesh.proxy.admin.LogLevel;
import io.refmesh.proxy.telemetry.AccessLog;
import io.refmesh.proxy.tls.TlsPeers;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What the proxy is told when it starts; everything else comes from the control plane. The only
 * reader of the environment.
 *
 * <p>The file is long because it is a list: every setting once, with what it may be.
 *
 * @param zone empty when it is not known
 * @param httpProxy where programs that know HTTP_PROXY find the mesh; empty for nowhere
 * @param clusterDomain what the long names of services end with
 * @param inbound address to listen on, on every port of {@code ports}
 * @param application address of the application, called on the same ports but for those of {@code
 *     applicationPorts}
 * @param ports what each port of the application speaks
 * @param capture with a redirect the application may have the address that the sidecar has
 * @param drainAnnounce how long connections are taken after the signal to drain
 * @param drainTimeout after which a drain is over, come what may
 */
record ProxyConfig(
    String namespace,
    String workload,
    int replica,
    SpiffeId identity,
    String zone,
    Source source,
    HostPort admin,
    Optional<HostPort> httpProxy,
    String clusterDomain,
    String inbound,
    String application,
    SortedMap<Integer, AppProtocol> ports,
    SortedMap<Integer, Integer> applicationPorts,
    Capture capture,
    int eventLoops,
    Duration drainAnnounce,
    Duration drainTimeout,
    LogLevel logLevel,
    TelemetryConfig telemetry,
    Duration clockSkew,
    TlsPeers peers,
    Limits limits) {

  ProxyConfig {
    ports = Collections.unmodifiableSortedMap(new TreeMap<>(ports));
    applicationPorts = Collections.unmodifiableSortedMap(new TreeMap<>(applicationPorts));
  }

  /** How connections get here. */
  sealed interface Capture {

    /** The proxy listens on addresses that stand for services and for the application's ports. */
    record Addresses() implements Capture {}

    /** Rules of the kernel lead connections to these two ports. */
    record Redirect(int outboundPort, int inboundPort) implements Capture {}
  }

  /** Where certificate and configuration come from. */
  sealed interface Source {

    /** The control plane, proved by {@code identity}, asked with the token in a file. */
    record Remote(HostPort address, SpiffeId identity, Path trustRoots, Path tokenFile)
        implements Source {}

    /** Files that somebody else writes; read once. */
    record Folder(Path path) implements Source {}
  }

  /** Where the application behind a port that is listened on is. */
  HostPort applicationAddress(int port) {
    return new HostPort(application, applicationPorts.getOrDefault(port, port));
  }

  /**
   * Where a connection of the proxy is not captured and reaches the application itself; empty where
   * there is no such address.
   */
  String ownAddress() {
    return capture instanceof Capture.Redirect ? application : "";
  }

  /**
   * Bounds.
   *
   * @param connections accepted at once
   * @param series of metrics
   * @param bufferedBytes of HTTP/2 bodies in memory at once
   * @param floodFrames HTTP/2 frames without use that a peer may send within ten seconds
   * @param streams at once on one HTTP/2 connection of a caller
   * @param idleTimeout for bodies from and to places without sidecar, that no route has a policy
   *     for
   */
  record Limits(
      int headerBytes,
      Duration headerTimeout,
      Duration detectTimeout,
      int connections,
      int series,
      int bufferedBytes,
      int floodFrames,
      int streams,
      Duration idleTimeout) {}

  /** What is wrong with the environment: setting, value and what was expected, a line each. */
  static final class Refused extends Exception {
    private static final long serialVersionUID = 1;

    Refused(List<String> mistakes) {
      super(String.join("\n", mistakes));
    }
  }

  static ProxyConfig of(Map<String, String> environment) throws Refused {
    Reader reader = new Reader(environment);
    ProxyConfig config = reader.read();
    if (config == null || !reader.mistakes.isEmpty()) {
      throw new Refused(reader.mistakes);
    }
    return config;
  }

  /**
   * Reads settings one by one and collects what is wrong with them, so that all is told at once.
   */
  private static final class Reader {

    private static final Pattern WORKLOAD =
        Pattern.compile("([a-z0-9.-]+)/([a-z0-9.-]+)/(\\d{1,6})");
    private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(ms|s|m|h)");
    private static final Pattern BYTES = Pattern.compile("(\\d{1,9})(Ki|Mi)?");
    private static final Pattern DOMAIN = Pattern.compile("[a-z0-9]([a-z0-9.-]{0,253}[a-z0-9])?");
    private static final String A_DURATION = "a duration such as 500ms, 3s or 2m";
    private static final String A_PORT = "1 to 65535";
    private static final String AN_ADDRESS = "an IP address and a port such as 127.1.0.1:8086";

    private static final String NAMES = "names with commas between, or * for all";

    /** Where applications put credentials in URLs. */
    private static final String SECRET_PARAMETERS =
        "access_token,api_key,apikey,auth,client_secret,code,id_token,key,passwd,password,pwd,"
            + "refresh_token,secret,session,sig,signature,token";

    private final Map<String, String> environment;
    private final List<String> mistakes = new ArrayList<>();

    Reader(Map<String, String> environment) {
      this.environment = environment;
    }

    @Nullable ProxyConfig read() {
      Matcher workload =
          required(
              "REFMESH_WORKLOAD",
              "namespace/workload/replica such as shop/cart/0",
              text -> {
                Matcher matcher = WORKLOAD.matcher(text);
                return matcher.matches() ? matcher : null;
              });
      String folder = environment.getOrDefault("REFMESH_STATIC", "");
      SpiffeId identity =
          required(
              "REFMESH_IDENTITY",
              "spiffe://<trust-domain>/ns/<namespace>/sa/<service-account>",
              text ->
                  (folder.isEmpty() ? SpiffeId.maybeParse(text) : SpiffeId.maybeParseForeign(text))
                      .orElse(null));
      // Without an identity there is a mistake to tell already; another one about its trust domain
      // would not help.
      String trustDomain = identity == null ? "cluster.local" : identity.trustDomain();
      Source source = folder.isEmpty() ? remote(trustDomain) : new Source.Folder(Path.of(folder));
      HostPort admin = required("REFMESH_ADMIN", AN_ADDRESS, Reader::address);
      Optional<HostPort> httpProxy =
          optional(
              "REFMESH_HTTP_PROXY",
              "",
              "a loopback address and a port such as 127.1.0.1:4140",
              text -> text.isEmpty() ? Optional.empty() : Optional.ofNullable(loopback(text)));
      String clusterDomain =
          optional(
              "REFMESH_CLUSTER_DOMAIN",
              "cluster.local",
              "a domain in lower case such as cluster.local",
              text -> DOMAIN.matcher(text).matches() ? text : null);
      String inbound = required("REFMESH_INBOUND", "an IP address", Reader::host);
      String application =
          required(
              "REFMESH_APPLICATION",
              "the IP address of the application, another one than REFMESH_INBOUND unless"
                  + " REFMESH_APPLICATION_PORTS names another port for each",
              Reader::host);
      SortedMap<Integer, AppProtocol> ports =
          optional(
              "REFMESH_PORTS",
              "",
              "port=appProtocol pairs such as 8080=http,9090=refmesh.io/opaque",
              Reader::ports);
      SortedMap<Integer, Integer> applicationPorts =
          optional(
              "REFMESH_APPLICATION_PORTS",
              "",
              "port=port pairs such as 8081=8080: the port that is listened on, the application's",
              Reader::portPairs);
      Capture capture = capture();
      if (inbound != null
          && capture instanceof Capture.Addresses
          && inbound.equals(application)
          && ports != null
          && applicationPorts != null
          && !moved(ports, applicationPorts)) {
        mistakes.add(
            "REFMESH_APPLICATION: "
                + application
                + " (expected: another one than REFMESH_INBOUND, or REFMESH_APPLICATION_PORTS with"
                + " another port for each)");
      }
      TlsPeers peers =
          optional(
              "REFMESH_PEERS",
              "sidecars",
              "sidecars or standard",
              text -> TlsPeers.valueOf(text.toUpperCase(Locale.ROOT)));
      Integer loops =
          optional(
              "REFMESH_EVENT_LOOPS",
              Integer.toString(Math.max(1, Runtime.getRuntime().availableProcessors())),
              "1 to 256",
              text -> number(text, 1, 256));
      Duration announce = optional("REFMESH_DRAIN_ANNOUNCE", "3s", A_DURATION, Reader::duration);
      Duration drain = optional("REFMESH_DRAIN_TIMEOUT", "120s", A_DURATION, Reader::duration);
      LogLevel level =
          optional(
              "REFMESH_LOG_LEVEL",
              "info",
              "off, error, warn, info, debug or trace",
              LogLevel::parse);
      TelemetryConfig telemetry = telemetry(trustDomain);
      Duration skew = optional("REFMESH_CLOCK_SKEW", "20s", A_DURATION, Reader::duration);
      Integer headerBytes =
          optional(
              "REFMESH_HEADER_BYTES", "64Ki", "1Ki to 1Mi", text -> bytes(text, 1024, 1 << 20));
      Duration headerTimeout =
          optional("REFMESH_HEADER_TIMEOUT", "10s", A_DURATION, Reader::duration);
      Duration detectTimeout =
          optional("REFMESH_DETECT_TIMEOUT", "10s", A_DURATION, Reader::duration);
      Integer connections =
          optional(
              "REFMESH_CONNECTIONS", "10000", "1 to 1000000", text -> number(text, 1, 1_000_000));
      Integer series =
          optional(
              "REFMESH_SERIES", "5000", "100 to 1000000", text -> number(text, 100, 1_000_000));
      Integer bufferedBytes =
          optional(
              "REFMESH_BUFFERED_BYTES",
              "64Mi",
              "1Mi to 1024Mi",
              text -> bytes(text, 1 << 20, 1 << 30));
      Integer floodFrames =
          optional(
              "REFMESH_FLOOD_FRAMES", "1000", "10 to 1000000", text -> number(text, 10, 1_000_000));
      Integer streams =
          optional("REFMESH_STREAMS", "1024", "1 to 1000000", text -> number(text, 1, 1_000_000));
      Duration idleTimeout = optional("REFMESH_IDLE_TIMEOUT", "60s", A_DURATION, Reader::duration);

      if (workload == null
          || identity == null
          || source == null
          || applicationPorts == null
          || capture == null
          || peers == null
          || admin == null
          || httpProxy == null
          || clusterDomain == null
          || inbound == null
          || application == null
          || ports == null
          || loops == null
          || announce == null
          || drain == null
          || level == null
          || telemetry == null
          || skew == null
          || headerBytes == null
          || headerTimeout == null
          || detectTimeout == null
          || connections == null
          || series == null
          || bufferedBytes == null
          || floodFrames == null
          || streams == null
          || idleTimeout == null) {
        return null;
      }
      return new ProxyConfig(
          workload.group(1),
          workload.group(2),
          Integer.parseInt(workload.group(3)),
          identity,
          environment.getOrDefault("REFMESH_ZONE", ""),
          source,
          admin,
          httpProxy,
          clusterDomain,
          inbound,
          application,
          ports,
          applicationPorts,
          capture,
          loops,
          announce,
          drain,
          level,
          telemetry,
          skew,
          peers,
          new Limits(
              headerBytes,
              headerTimeout,
              detectTimeout,
              connections,
              series,
              bufferedBytes,
              floodFrames,
              streams,
              idleTimeout));
    }

    private @Nullable Capture capture() {
      Boolean redirect =
          optional(
              "REFMESH_CAPTURE",
              "addresses",
              "addresses or redirect",
              text ->
                  switch (text) {
                    case "addresses" -> false;
                    case "redirect" -> true;
                    default -> null;
                  });
      Integer outbound =
          optional("REFMESH_OUTBOUND_PORT", "4140", A_PORT, text -> number(text, 1, 65_535));
      Integer inbound =
          optional(
              "REFMESH_INBOUND_PORT",
              "4143",
              A_PORT + ", another one than REFMESH_OUTBOUND_PORT",
              text -> {
                Integer port = number(text, 1, 65_535);
                return port == null || port.equals(outbound) ? null : port;
              });
      if (redirect == null || outbound == null || inbound == null) {
        return null;
      }
      return redirect ? new Capture.Redirect(outbound, inbound) : new Capture.Addresses();
    }

    private @Nullable Source remote(String trustDomain) {
      HostPort control =
          required(
              "REFMESH_CONTROL",
              "an address and a port such as 127.1.0.1:8086 or"
                  + " refmesh-control.refmesh-system.svc:8086",
              Reader::addressOrName);
      SpiffeId identity =
          optional(
              "REFMESH_CONTROL_IDENTITY",
              "spiffe://" + trustDomain + "/ns/refmesh-system/sa/control-plane",
              "spiffe://<trust-domain>/ns/<namespace>/sa/<service-account>",
              text -> SpiffeId.maybeParse(text).orElse(null));
      Path trustRoots = required("REFMESH_TRUST_ROOTS", "path of a PEM file", Path::of);
      Path tokenFile = required("REFMESH_TOKEN_FILE", "path of a file", Path::of);
      return control == null || identity == null || trustRoots == null || tokenFile == null
          ? null
          : new Source.Remote(control, identity, trustRoots, tokenFile);
    }

    /** Whether the application is never called where the sidecar listens. */
    private static boolean moved(
        SortedMap<Integer, AppProtocol> ports, SortedMap<Integer, Integer> applicationPorts) {
      return !ports.isEmpty()
          && ports.keySet().stream()
              .map(port -> applicationPorts.getOrDefault(port, port))
              .noneMatch(ports::containsKey);
    }

    private @Nullable TelemetryConfig telemetry(String trustDomain) {
      AccessLogging accessLog =
          optional(
              "REFMESH_ACCESS_LOG",
              "off",
              "off, text or json",
              text -> AccessLogging.valueOf(text.toUpperCase(Locale.ROOT)));
      Integer rate =
          optional(
              "REFMESH_ACCESS_LOG_RATE",
              Integer.toString(AccessLog.LINES_PER_SECOND),
              "1 to 1000000 lines a second",
              text -> number(text, 1, 1_000_000));
      Set<String> query =
          optional("REFMESH_REDACT_QUERY", SECRET_PARAMETERS, NAMES, text -> names(text));
      Set<String> headers = optional("REFMESH_REDACT_HEADERS", "", NAMES, text -> names(text));
      Integer recorder =
          optional("REFMESH_RECORDER_BYTES", "1Mi", "0 to 64Mi", text -> bytes(text, 0, 64 << 20));
      Optional<URI> otlp =
          optional(
              "REFMESH_OTLP_ENDPOINT",
              "",
              "a URL of host and port such as http://127.0.0.1:4317",
              Reader::collector);
      Double sample =
          optional("REFMESH_TRACE_SAMPLE", "0", "0 to 100 percent", text -> percent(text));
      Optional<HostPort> tap =
          optional(
              "REFMESH_TAP",
              "",
              AN_ADDRESS,
              text -> text.isEmpty() ? Optional.empty() : Optional.ofNullable(address(text)));
      Set<SpiffeId> tappers =
          optional(
              "REFMESH_TAP_IDENTITIES",
              "spiffe://" + trustDomain + "/ns/refmesh-system/sa/tap",
              "identities (spiffe://…) with commas between",
              Reader::identities);
      return accessLog == null
              || rate == null
              || query == null
              || headers == null
              || recorder == null
              || otlp == null
              || sample == null
              || tap == null
              || tappers == null
          ? null
          : new TelemetryConfig(
              accessLog, rate, query, headers, recorder, otlp, sample, tap, tappers);
    }

    private <T> @Nullable T required(
        String setting, String expected, Function<String, @Nullable T> parse) {
      String text = environment.get(setting);
      if (text == null || text.isEmpty()) {
        mistakes.add(setting + ": not set (expected: " + expected + ")");
        return null;
      }
      return parsed(setting, text, expected, parse);
    }

    private <T> @Nullable T optional(
        String setting, String otherwise, String expected, Function<String, @Nullable T> parse) {
      String text = environment.get(setting);
      if (text == null || text.isEmpty()) {
        text = otherwise;
      }
      return parsed(setting, text, expected, parse);
    }

    private <T> @Nullable T parsed(
        String setting, String text, String expected, Function<String, @Nullable T> parse) {
      T value;
      try {
        value = parse.apply(text);
      } catch (IllegalArgumentException e) {
        // Parsers of the model say why; the line below says what was expected here.
        value = null;
      }
      if (value == null) {
        mistakes.add(setting + ": " + text + " (expected: " + expected + ")");
      }
      return value;
    }

    private static Set<String> names(String text) {
      return Arrays.stream(text.split(",", -1))
          .map(String::strip)
          .filter(name -> !name.isEmpty())
          .collect(Collectors.toUnmodifiableSet());
    }

    private static Set<SpiffeId> identities(String text) {
      return names(text).stream().map(SpiffeId::parse).collect(Collectors.toUnmodifiableSet());
    }

    private static @Nullable Optional<URI> collector(String text) {
      if (text.isEmpty()) {
        return Optional.empty();
      }
      URI url = URI.create(text);
      boolean known = "http".equals(url.getScheme()) || "https".equals(url.getScheme());
      boolean bare = url.getPath() == null || url.getPath().isEmpty() || url.getPath().equals("/");
      return known && bare && url.getHost() != null && url.getPort() > 0 ? Optional.of(url) : null;
    }

    private static @Nullable Double percent(String text) {
      double value = Double.parseDouble(text);
      return value >= 0 && value <= 100 ? value : null;
    }

    private static @Nullable HostPort address(String text) {
      HostPort address = HostPort.parse(text);
      return host(address.host()) == null ? null : address;
    }

    private static @Nullable HostPort addressOrName(String text) {
      HostPort address = HostPort.parse(text);
      // Digits alone are a mistyped address, not a name.
      boolean name =
          DOMAIN.matcher(address.host()).matches()
              && address.host().chars().anyMatch(Character::isLetter);
      return name || host(address.host()) != null ? address : null;
    }

    /** Whoever reaches the listener calls as this workload. */
    private static @Nullable HostPort loopback(String text) {
      HostPort address = address(text);
      return address != null && address.toSocketAddress().getAddress().isLoopbackAddress()
          ? address
          : null;
    }

    private static @Nullable String host(String text) {
      return NetUtil.isValidIpV4Address(text) || NetUtil.isValidIpV6Address(text) ? text : null;
    }

    private static @Nullable SortedMap<Integer, AppProtocol> ports(String text) {
      SortedMap<Integer, AppProtocol> ports = new TreeMap<>();
      if (text.isEmpty()) {
        return ports;
      }
      for (String part : text.split(",", -1)) {
        int equals = part.indexOf('=');
        Integer port = number(equals < 0 ? part : part.substring(0, equals), 1, 65_535);
        if (port == null
            || ports.put(port, AppProtocol.of(equals < 0 ? "" : part.substring(equals + 1)))
                != null) {
          return null;
        }
      }
      return ports;
    }

    private static @Nullable SortedMap<Integer, Integer> portPairs(String text) {
      SortedMap<Integer, Integer> pairs = new TreeMap<>();
      if (text.isEmpty()) {
        return pairs;
      }
      for (String part : text.split(",", -1)) {
        int equals = part.indexOf('=');
        Integer from = equals < 0 ? null : number(part.substring(0, equals), 1, 65_535);
        Integer to = equals < 0 ? null : number(part.substring(equals + 1), 1, 65_535);
        if (from == null || to == null || pairs.put(from, to) != null) {
          return null;
        }
      }
      return pairs;
    }

    private static @Nullable Integer number(String text, int least, int most) {
      int value = Integer.parseInt(text);
      return value < least || value > most ? null : value;
    }

    private static @Nullable Integer bytes(String text, int least, int most) {
      Matcher matcher = BYTES.matcher(text);
      if (!matcher.matches()) {
        return null;
      }
      String unit = Optional.ofNullable(matcher.group(2)).orElse("");
      long value =
          Long.parseLong(matcher.group(1))
              * switch (unit) {
                case "Ki" -> 1024L;
                case "Mi" -> 1024L * 1024;
                default -> 1L;
              };
      return value < least || value > most ? null : (int) value;
    }

    private static @Nullable Duration duration(String text) {
      Matcher matcher = DURATION.matcher(text);
      if (text.equals("0")) {
        return Duration.ZERO;
      }
      if (!matcher.matches()) {
        return null;
      }
      long value = Long.parseLong(matcher.group(1));
      return switch (matcher.group(2)) {
        case "ms" -> Duration.ofMillis(value);
        case "s" -> Duration.ofSeconds(value);
        case "m" -> Duration.ofMinutes(value);
        default -> Duration.ofHours(value);
      };
    }
  }
}
