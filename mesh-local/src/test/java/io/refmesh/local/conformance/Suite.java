package io.refmesh.local.conformance;

import static io.refmesh.local.conformance.Call.grpc;
import static io.refmesh.local.conformance.Call.to;
import static io.refmesh.local.conformance.MeshUnderTest.ALT;
import static io.refmesh.local.conformance.MeshUnderTest.CONSUMERS;
import static io.refmesh.local.conformance.MeshUnderTest.HTTP;
import static io.refmesh.local.conformance.MeshUnderTest.NAMESPACE;
import static io.refmesh.local.conformance.Probe.by;
import static io.refmesh.local.conformance.Probe.redirected;
import static io.refmesh.local.conformance.Probe.refused;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;

/** What the mesh tests of Gateway API's conformance suite ask, under their names. */
final class Suite {

  /** What a mesh has to have that does not claim more. */
  static final String CORE = "";

  private static final String V1 = "echo-v1";
  private static final String V2 = "echo-v2";

  /**
   * One test.
   *
   * @param feature that it is about; {@link #CORE}, or one that a mesh claims
   * @param counted whether the suite counts it: not where the test needs a feature besides that is
   *     of no mesh profile
   * @param routes name of the file with the routes; empty for none
   * @param probes each answered as it has to be
   * @param shares of 500 calls like the first probe, in hundredths, which backend answers; empty:
   *     it does not matter
   */
  record MeshTest(
      String name,
      String profile,
      String feature,
      boolean counted,
      String routes,
      List<Probe> probes,
      Map<String, Integer> shares) {

    @Override
    public String toString() {
      return name;
    }
  }

  private Suite() {}

  static List<MeshTest> tests() {
    return List.of(
        core("MeshBasic", "", by("*", to("echo", HTTP, "/"))),
        core("MeshHTTPRouteSimpleSameNamespace", "simple", by(V1, to("echo", HTTP, "/"))),
        core(
            "MeshTrafficSplit",
            "split",
            by(V1, to("echo", HTTP, "/v1")),
            by(V2, to("echo", HTTP, "/v2")),
            by(V2, to("echo", ALT, "/v2"))),
        core(
            "MeshHTTPRouteMatching",
            "matching",
            by(V1, to("echo", HTTP, "/")),
            by(V1, to("echo", HTTP, "/example")),
            by(V1, to("echo", HTTP, "/").with("Version", "one")),
            by(V2, to("echo", HTTP, "/v2")),
            by(V2, to("echo", HTTP, "/v2/example")),
            by(V2, to("echo", HTTP, "/").with("Version", "two")),
            by(V2, to("echo", HTTP, "/v2/")),
            by(V1, to("echo", HTTP, "/v2example")),
            by(V1, to("echo", HTTP, "/foo/v2/example"))),
        new MeshTest(
            "MeshHTTPRouteWeight",
            "MESH-HTTP",
            CORE,
            true,
            "weight",
            List.of(by("*", to("echo", HTTP, "/"))),
            Map.of(V1, 70, V2, 30)),
        core(
            "MeshHTTPRouteRequestHeaderModifier",
            "headers-rule",
            headers(path -> to("echo", HTTP, path))),
        core(
            "MeshHTTPRouteRedirectHostAndStatus",
            "redirect-host",
            redirected(302, "http://example.org:8000/host", to("echo", HTTP, "/host")),
            redirected(
                301,
                "http://example.org:8000/host-and-status",
                to("echo", HTTP, "/host-and-status"))),
        extended(
            "MeshHTTPRouteBackendRequestHeaderModifier",
            "MeshHTTPRouteBackendRequestHeaderModification",
            "headers-backend",
            headers(path -> to("echo", HTTP, path))),
        extended(
            "MeshHTTPRouteQueryParamMatching", "MeshHTTPRouteQueryParamMatching", "query", query()),
        extended(
            "MeshHTTPRouteRedirectPath",
            "MeshHTTPRouteRedirectPath",
            "redirect-path",
            redirected(302, "http://echo:8000/other/lemon", to("echo", HTTP, "/prefix/lemon")),
            redirected(302, "http://echo:8000/one", to("echo", HTTP, "/full/path")),
            redirected(302, "http://example.org:8000/other", to("echo", HTTP, "/prefix-and-host")),
            redirected(301, "http://echo:8000/other", to("echo", HTTP, "/prefix-and-status")),
            redirected(302, "http://example.org:8000/one", to("echo", HTTP, "/full-and-host")),
            redirected(301, "http://echo:8000/one", to("echo", HTTP, "/full-and-status"))),
        extended(
            "MeshHTTPRouteRedirectPort",
            "MeshHTTPRouteRedirectPort",
            "redirect-port",
            redirected(302, "http://echo:8083/port", to("echo", HTTP, "/port")),
            redirected(
                302, "http://example.org:8083/port-and-host", to("echo", HTTP, "/port-and-host")),
            redirected(
                301, "http://echo:8083/port-and-status", to("echo", HTTP, "/port-and-status")),
            redirected(
                302,
                "http://example.org:8083/port-host-and-status",
                to("echo", HTTP, "/port-host-and-status"))),
        extended(
            "MeshHTTPRouteSchemeRedirect",
            "MeshHTTPRouteSchemeRedirect",
            "redirect-scheme",
            redirected(302, "https://echo/scheme", to("echo", HTTP, "/scheme")),
            redirected(
                302, "https://example.org/scheme-and-host", to("echo", HTTP, "/scheme-and-host")),
            redirected(
                301, "https://echo/scheme-and-status", to("echo", HTTP, "/scheme-and-status")),
            redirected(
                302,
                "https://example.org/scheme-host-and-status",
                to("echo", HTTP, "/scheme-host-and-status"))),
        extended(
            "MeshHTTPRouteRewritePath",
            "MeshHTTPRouteRewritePath",
            "rewrite-path",
            by(V1, to("echo", HTTP, "/prefix/one/two")).at("/one/two"),
            by(V1, to("echo", HTTP, "/strip/three")).at("/three"),
            by(V1, to("echo", HTTP, "/strip")).at("/"),
            by(V1, to("echo", HTTP, "/full/one/two")).at("/one"),
            rewritten("/full/headers/test").at("/test"),
            rewritten("/prefix/headers/one").at("/prefix/one")),
        extended(
            "MeshHTTPRouteNamedRule",
            "MeshHTTPRouteNamedRouteRule",
            "named",
            by(V1, to("echo", HTTP, "/named")),
            by(V2, to("echo", HTTP, "/unnamed"))),
        beside(
            "MeshHTTPRoute303Redirect",
            "HTTPRoute303RedirectStatusCode",
            "redirect-303",
            redirected(303, "http://echo:8000/away", to("echo", HTTP, "/away"))),
        beside(
            "MeshHTTPRoute307Redirect",
            "HTTPRoute307RedirectStatusCode",
            "redirect-307",
            redirected(307, "http://echo:8000/away", to("echo", HTTP, "/away"))),
        beside(
            "MeshHTTPRoute308Redirect",
            "HTTPRoute308RedirectStatusCode",
            "redirect-308",
            redirected(308, "http://echo:8000/away", to("echo", HTTP, "/away"))),
        beside(
            "MeshPorts",
            "HTTPRouteParentRefPort",
            "ports",
            by(V1, to(V1, HTTP, "/")).answering("X-Routed", "v1"),
            by(V1, to(V1, ALT, "/")).answering("X-Routed", ""),
            by(V2, to(V2, HTTP, "/")).answering("X-Routed", "v2"),
            by(V2, to(V2, ALT, "/")).answering("X-Routed", "v2")),
        beside(
            "MeshFrontend",
            "HTTPRouteResponseHeaderModification",
            "frontend",
            by(V2, to(V2, HTTP, "/")).answering("X-Routed", "v2"),
            by(V2, to(V2, ALT, "/").past(NAMESPACE + "/echo-v2")).answering("X-Routed", "")),
        beside(
            "MeshFrontendHostname",
            "MeshClusterIPMatching",
            "frontend",
            by(V2, to(V2, HTTP, "/").saying(V1)).answering("X-Routed", "v2"),
            by(V1, to(V1, HTTP, "/").saying(V2)).answering("X-Routed", "")),
        beside(
            "MeshConsumerRoute",
            "MeshConsumerRoute",
            "consumer",
            by(V1, to(V1, HTTP, "/").from(CONSUMERS + "/echo-v1"))
                .answering("X-Routed", "by-the-consumer"),
            by(V1, to(V1, HTTP, "/")).answering("X-Routed", "")),
        new MeshTest(
            "MeshGRPCRouteWeight",
            "MESH-GRPC",
            CORE,
            true,
            "grpc-weight",
            List.of(by("*", grpc("echo"))),
            Map.of(V1, 70, V2, 30)),
        new MeshTest(
            "MeshGRPCRouteRequestHeaderModifier",
            "MESH-GRPC",
            CORE,
            true,
            "grpc-headers",
            List.of(
                by(V1, grpc("echo").with("case", "set").with("X-Set", "mine"))
                    .seeing("X-Set", "by-the-route"),
                by(V1, grpc("echo").with("case", "add").with("X-Add", "mine"))
                    .seeing("X-Add", "mine,by-the-route"),
                by(V1, grpc("echo").with("case", "remove").with("X-Remove", "mine"))
                    .seeing("X-Remove", ""),
                by(
                        V1,
                        grpc("echo")
                            .with("case", "all")
                            .with("X-Set-2", "mine")
                            .with("X-Add-2", "mine")
                            .with("X-Remove-2", "mine")
                            .with("Other", "mine"))
                    .seeing("X-Set", "set-1")
                    .seeing("X-Set-2", "set-2")
                    .seeing("X-Add", "add-1")
                    .seeing("X-Add-2", "mine,add-2")
                    .seeing("X-Remove-2", "")
                    .seeing("Other", "mine")),
            Map.of()));
  }

  private static Probe[] headers(Function<String, Call> to) {
    return Stream.of(
            by(V1, to.apply("/set").with("Other", "mine"))
                .seeing("Other", "mine")
                .seeing("X-Set", "by-the-route"),
            by(V1, to.apply("/set").with("Other", "mine").with("X-Set", "mine"))
                .seeing("Other", "mine")
                .seeing("X-Set", "by-the-route"),
            by(V1, to.apply("/add").with("Other", "mine"))
                .seeing("Other", "mine")
                .seeing("X-Add", "by-the-route"),
            by(V1, to.apply("/add").with("X-Add", "mine")).seeing("X-Add", "mine,by-the-route"),
            by(V1, to.apply("/remove").with("X-Remove", "mine")).seeing("X-Remove", ""),
            by(
                    V1,
                    to.apply("/all")
                        .with("X-Set-2", "mine")
                        .with("X-Add-2", "mine")
                        .with("X-Remove-2", "mine")
                        .with("Other", "mine"))
                .seeing("X-Set", "set-1")
                .seeing("X-Set-2", "set-2")
                .seeing("X-Add", "add-1")
                .seeing("X-Add-2", "mine,add-2")
                .seeing("X-Add-3", "add-3")
                .seeing("X-Remove", "")
                .seeing("X-Remove-2", "")
                .seeing("Other", "mine"),
            by(
                    V1,
                    to.apply("/all")
                        .with("x-set", "mine")
                        .with("x-add", "mine")
                        .with("x-remove", "mine"))
                .seeing("X-Set", "set-1")
                .seeing("X-Add", "mine,add-1")
                .seeing("X-Remove", ""))
        .toArray(Probe[]::new);
  }

  private static Probe[] query() {
    return Stream.of(
            by(V1, to("echo", HTTP, "/?animal=whale")),
            by(V2, to("echo", HTTP, "/?animal=dolphin")),
            by(V1, to("echo", HTTP, "/?animal=whale&other=irrelevant")),
            by(V2, to("echo", HTTP, "/?animal=dolphin&color=yellow")),
            refused(404, to("echo", HTTP, "/?color=blue")),
            refused(404, to("echo", HTTP, "/?animal=dog")),
            refused(404, to("echo", HTTP, "/?animal=whaledolphin")),
            refused(404, to("echo", HTTP, "/")),
            by(V2, to("echo", HTTP, "/one?animal=whale")),
            by(V2, to("echo", HTTP, "/?animal=whale").with("Version", "one")),
            by(V1, to("echo", HTTP, "/three?animal=shark")),
            by(V1, to("echo", HTTP, "/four?animal=kraken").with("Version", "three")),
            refused(404, to("echo", HTTP, "/?animal=shark")),
            refused(404, to("echo", HTTP, "/four?animal=kraken")),
            by(V1, to("echo", HTTP, "/five?animal=hydra")))
        .toArray(Probe[]::new);
  }

  private static Probe rewritten(String path) {
    return by(
            V1,
            to("echo", HTTP, path)
                .with("X-Remove", "mine")
                .with("X-Append", "mine")
                .with("X-Set", "mine"))
        .seeing("X-Add", "new")
        .seeing("X-Append", "mine,by-the-route")
        .seeing("X-Set", "by-the-route")
        .seeing("X-Remove", "");
  }

  private static MeshTest core(String name, String routes, Probe... probes) {
    return new MeshTest(name, "MESH-HTTP", CORE, true, routes, List.of(probes), Map.of());
  }

  private static MeshTest extended(String name, String feature, String routes, Probe... probes) {
    return new MeshTest(name, "MESH-HTTP", feature, true, routes, List.of(probes), Map.of());
  }

  private static MeshTest beside(String name, String feature, String routes, Probe... probes) {
    return new MeshTest(name, "MESH-HTTP", feature, false, routes, List.of(probes), Map.of());
  }
}
