package io.refmesh.proxy;

import io.refmesh.proxy.control.StaticConfiguration;
import java.nio.file.Path;

/**
 * What the build runs in place of {@link ProxyMain} while the JVM records the AOT cache. A cache
 * holds what one process had loaded, and no process is configured both by a control plane and by
 * files: so this one reads files' text first. Classes that are not in the cache cost a sidecar up
 * to 20 MB and a quarter second of CPU.
 */
public final class TrainingMain {

  private static final Path TEXT = Path.of("training");

  private static final String WORKLOAD =
      """
      default_policy: "cluster-authenticated" trust_domain: "cluster.local"
      outbound {
        listen { host: "127.0.0.1" port: 8080 }
        service { namespace: "shop" service: "cart" port: 8080 } protocol: HTTP
      }
      ports {
        port: 8080 protocol: HTTP service: "shop/cart"
        authorizations {
          name: "callers" action: ALLOW
          rules { from { identities: "spiffe://cluster.local/ns/shop/sa/front" } }
        }
      }
      """;

  private static final String DESTINATION =
      """
      id { namespace: "shop" service: "cart" port: 8080 }
      protocol: HTTP
      rules {
        name: "default" match { prefix: "/" }
        backends { backend { namespace: "shop" service: "cart" port: 8080 } weight: 1 exists: true }
        retry {
          attempts: 1 on: "reset" on: "connect-failure" backoff_base_millis: 25
          backoff_max_millis: 250 body_limit_bytes: 65536 budget_percent: 20
          budget_min_per_second: 10 budget_window_millis: 10000
        }
      }
      backends {
        id { namespace: "shop" service: "cart" port: 8080 }
        protocol: HTTP
        endpoints {
          address { host: "127.0.0.2" port: 8080 } dial { host: "127.0.0.2" port: 8080 }
          identity: "spiffe://cluster.local/ns/shop/sa/cart" weight: 1 ready: true
          workload: "shop/cart-0"
        }
        settings {
          algorithm: "peak-ewma" slow_start_millis: 30000 consecutive_failures: 5
          success_percent: 50 success_window_millis: 30000 success_min_requests: 10
          ejection_base_millis: 1000 ejection_max_millis: 60000 ejection_jitter_percent: 50
          max_ejected_percent: 50 pending: 4096 connect_timeout_millis: 2000
        }
      }
      """;

  private TrainingMain() {}

  public static void main(String[] arguments) {
    StaticConfiguration.workload(TEXT, WORKLOAD);
    StaticConfiguration.destination(TEXT, DESTINATION);
    ProxyMain.main(arguments);
  }
}
