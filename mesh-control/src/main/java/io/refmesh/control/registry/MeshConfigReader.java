package io.refmesh.control.registry;

import io.refmesh.model.identity.SpiffeId;
import io.refmesh.model.policy.InboundPolicy;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Reads MeshConfig; every field has a default. */
final class MeshConfigReader {

  private static final Pattern DOMAIN = Pattern.compile("[a-z0-9]([a-z0-9.-]{0,253}[a-z0-9])?");

  private static final Pattern COLLECTOR =
      Pattern.compile("https?://[a-zA-Z0-9.:\\[\\]-]{1,255}:\\d{1,5}/?");

  private static final Pattern NAME = Pattern.compile("\\*|[A-Za-z0-9_.~-]{1,128}");

  private MeshConfigReader() {}

  static MeshConfig read(Metadata metadata, Origin origin, Fields spec) {
    MeshConfig.Identity identity = MeshConfig.Identity.DEFAULT;
    MeshConfig.Proxy proxy = MeshConfig.Proxy.DEFAULT;
    Fields identityFields = spec.object("identity");
    Fields proxyFields = spec.object("proxy");
    return new MeshConfig(
        metadata,
        origin,
        domain(spec, "trustDomain", MeshConfig.DEFAULT.trustDomain()),
        domain(spec, "clusterDomain", MeshConfig.DEFAULT.clusterDomain()),
        new MeshConfig.Identity(
            identityFields
                .duration("leafLifetime", Duration.ofSeconds(5), Duration.ofHours(24 * 365))
                .orElse(identity.leafLifetime()),
            identityFields.integer("renewAt", 10, 95).orElse(identity.renewAtPercent()),
            identityFields
                .duration("clockSkew", Duration.ZERO, Duration.ofHours(1))
                .orElse(identity.clockSkew())),
        new MeshConfig.Proxy(
            proxyFields
                .parsed("defaultInboundPolicy", InboundPolicy.Default::parse)
                .orElse(proxy.defaultInboundPolicy()),
            proxyFields.oneOf("profile", "standard", "small").orElse(proxy.profile()),
            accessLog(proxyFields).orElse(proxy.accessLog()),
            proxyFields
                .duration("drainTimeout", Duration.ZERO, Duration.ofHours(1))
                .orElse(proxy.drainTimeout()),
            telemetry(proxyFields)));
  }

  /** kubectl reads an unquoted {@code off} as false, as YAML 1.1 says. */
  private static Optional<String> accessLog(Fields proxy) {
    return proxy.isFalse("accessLog")
        ? Optional.of("off")
        : proxy.oneOf("accessLog", "off", "text", "json");
  }

  private static MeshConfig.Telemetry telemetry(Fields proxy) {
    Fields tracing = proxy.object("tracing");
    Fields redact = proxy.object("redact");
    Fields tap = proxy.object("tap");
    return new MeshConfig.Telemetry(
        tracing.parsed("endpoint", MeshConfigReader::collector).orElse(""),
        tracing.integer("sample", 0, 100).orElse(0),
        names(redact, "query"),
        names(redact, "headers"),
        identities(tap));
  }

  private static String collector(String text) {
    if (!COLLECTOR.matcher(text).matches()) {
      throw new IllegalArgumentException(
          "\""
              + Words.shortened(text)
              + "\" (expected: a URL of host and port such as http://127.0.0.1:4317)");
    }
    return text;
  }

  private static List<String> names(Fields redact, String field) {
    List<String> names = redact.texts(field);
    for (String name : names) {
      if (!NAME.matcher(name).matches()) {
        redact.problem(field, "\"" + Words.shortened(name) + "\" (expected: a name, or * for all)");
      }
    }
    return names.stream().filter(name -> NAME.matcher(name).matches()).toList();
  }

  private static List<String> identities(Fields tap) {
    List<String> all = tap.texts("identities");
    for (String one : all) {
      if (SpiffeId.maybeParse(one).isEmpty()) {
        tap.problem(
            "identities",
            "\""
                + Words.shortened(one)
                + "\" (expected: spiffe://<trust-domain>/ns/<namespace>/sa/<service-account>)");
      }
    }
    return all.stream().filter(one -> SpiffeId.maybeParse(one).isPresent()).toList();
  }

  private static String domain(Fields spec, String name, String fallback) {
    return spec.parsed(
            name,
            text -> {
              if (!DOMAIN.matcher(text).matches()) {
                throw new IllegalArgumentException(
                    "\""
                        + Words.shortened(text)
                        + "\" (expected: a domain in lower case, such as "
                        + fallback
                        + ")");
              }
              return text;
            })
        .orElse(fallback);
  }
}
