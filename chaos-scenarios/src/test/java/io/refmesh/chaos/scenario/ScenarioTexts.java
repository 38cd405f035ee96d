package io.refmesh.chaos.scenario;

/** Scenarios for tests: a right one, to which a test does one thing. */
final class ScenarioTexts {

  private ScenarioTexts() {}

  static String minimal() {
    return """
    apiVersion: chaos.refmesh.io/v1alpha1
    kind: Scenario
    metadata: {name: mine, title: Mine, story: Something happens.}
    hops:
      - {id: wire, service: pricing}
    load:
      - {id: browse, to: catalog, path: /items, rate: 80/s}
    steadyState: {that: client.browse.ok >= 70}
    policies:
      - kind: ResiliencePolicy
        metadata: {name: pricing, namespace: shop}
        spec:
          targetRefs: [{kind: Service, name: pricing}]
          timeouts: {request: 500ms}
    windows: {before: 1s, during: 4s, overhang: 200ms, after: 2s}
    faults:
      - id: slow
        toxic: {hop: wire, type: latency, attributes: {latency: 800}}
      - id: flaky
        at: 1s
        for: 2s
        behaviour: {workload: catalog-v1, count: 1, rules: [{path: /items, percent: 10, status: 503}]}
    expect:
      - id: fine
        says: Nothing fails.
        skip: 1s
        that: client.browse.successRate >= 0.99
        tolerance: binomial
      - id: noticed
        says: Somebody notices.
        detectWithin: 3s
        that: "mesh.ejections_total{workload=load} >= 1"
    negativeControls:
      - name: no-timeout
        says: Nobody hurries.
        policies:
          - kind: ResiliencePolicy
            metadata: {name: pricing, namespace: shop}
            spec:
              targetRefs: [{kind: Service, name: pricing}]
              timeouts: {request: 0s}
        windows: {during: 2s}
        faults:
          - id: slow
            toxic: {hop: wire, type: latency, attributes: {latency: 900}}
        mustFail: [fine]
    """;
  }
}
