package io.refmesh.control.registry;

import io.refmesh.model.policy.InboundPolicy;
import java.time.Duration;
import java.util.regex.Pattern;

/** Reads MeshConfig; every field has a default. */
final class MeshConfigReader {

  private static final Pattern DOMAIN = Pattern.compile("[a-z0-9]([a-z0-9.-]{0,253}[a-z0-9])?");

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
            proxyFields.oneOf("accessLog", "off", "text", "json").orElse(proxy.accessLog()),
            proxyFields
                .duration("drainTimeout", Duration.ZERO, Duration.ofHours(1))
                .orElse(proxy.drainTimeout())));
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
