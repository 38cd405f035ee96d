# One entry to everything; `make help` lists the targets.
SHELL := /bin/sh
.DEFAULT_GOAL := help
JAVA_HOME := $(shell bin/find-jdk 2>/dev/null)
export JAVA_HOME
MVN := ./mvnw -B -ntp
SCENARIO ?=
SEED ?=
SEEDS ?= 1000
SOURCES := pom.xml $(shell find . -name target -prune -o -name out -prune -o -path './*/src/*' -type f -print -o -path './*/pom.xml' -print 2>/dev/null)

.PHONY: help jdk build images test e2e e2e-local e2e-kind acceptance h2spec interop netns chart kind-api kind-smoke conformance bench bench-micro bench-control simulate fuzz verify fmt clean

help: ## List the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name text; do printf '  make %-11s %s\n' "$$name" "$$text"; done
	@bin/find-jdk >/dev/null || true

jdk:
	@bin/find-jdk >/dev/null

build: jdk target/trained ## Build what is missing, without tests

target/built: $(SOURCES)
	@echo "building (the first time fetches libraries from Maven Central)"
	@$(MVN) -q -DskipTests -Dspotless.check.skip=true -Djacoco.skip=true package
	@mkdir -p target && touch $@

# AOT caches: processes of the mesh start in half the time. They fit these very jars, so they are made after each build.
target/trained: target/built
	@bin/mesh train
	@touch $@

images: jdk target/built ## Build the images of sidecar, control plane and demo shop with Docker
	@bin/images

test: jdk ## Unit and integration tests with all quality gates
	$(MVN) verify
	@mkdir -p target && touch target/built

e2e: ## Start the mesh, break it under load, write out/e2e/latest; on kind where Docker has what it needs, else local (SCENARIO=name SEED=n MESH_ENV=local|kind)
	@where=$$(bin/e2e-environment) && $(MAKE) --no-print-directory e2e-$$where

e2e-local: build ## The same with processes of this machine (SCENARIO=name SEED=n)
	@bin/mesh e2e --environment local $(if $(SCENARIO),--scenario $(SCENARIO)) $(if $(SEED),--seed $(SEED))

# Of make's own command line only: a KUBECONFIG that is merely set names a cluster that somebody works with.
given = $(if $(filter command,$(firstword $(origin $(1)))),$($(1)))

e2e-kind: images ## The same on a cluster of Docker, which is made and removed (SCENARIO= SEED= NODES=2 CLUSTER=kind's KUBECONFIG=any's)
	@bin/mesh e2e --environment kind $(if $(SCENARIO),--scenario $(SCENARIO)) $(if $(SEED),--seed $(SEED)) $(if $(call given,NODES),--nodes $(NODES)) $(if $(call given,CLUSTER),--cluster $(CLUSTER)) $(if $(call given,KUBECONFIG),--kubeconfig $(KUBECONFIG))

comma := ,
space := $() $()

# $(call proof,GROUP,MODULES,OPTIONS): runs the tests with that tag and ends with the line `N passed, N failed`.
proof = @mkdir -p target && touch target/$(1).stamp && $(MVN) -q -pl $(subst $(space),$(comma),$(2)) -am test -Dgroups=$(1) -DexcludedGroups= -Dsurefire.failIfNoSpecifiedTests=false -Dmaven.test.failure.ignore=true -Djacoco.skip=true $(3) && bin/tally target/$(1).stamp $(2)

# In the order of pom.xml: the modules with tests of what the mesh promises.
ACCEPTANCE := mesh-model,mesh-proxy,mesh-control,mesh-local,chaos-scenarios,mesh-cli

acceptance: build ## Run the tests of the acceptance cases, write docs/reference/acceptance.md
	@mkdir -p target && rm -f target/acceptance.tsv && touch target/acceptance.stamp target/acceptance.tsv
	@$(MVN) -q -pl $(ACCEPTANCE) -am test -Dgroups=acceptance -DexcludedGroups= -Dacceptance.results=$(CURDIR)/target/acceptance.tsv -Dsurefire.failIfNoSpecifiedTests=false -Dmaven.test.failure.ignore=true -Djacoco.skip=true
	@$(JAVA_HOME)/bin/java -cp mesh-testkit/target/classes io.refmesh.testkit.acceptance.AcceptanceTable target/acceptance.tsv docs/reference/acceptance.md
	@bin/tally target/acceptance.stamp $(shell echo $(ACCEPTANCE) | tr , ' ')

h2spec: jdk ## HTTP/2 conformance of both sides, every case of h2spec (built with Go)
	$(call proof,h2spec,mesh-proxy)

interop: jdk ## Programs of others through a pair of sidecars: gRPC's own, curl, nghttp2, nginx, PostgreSQL, Redis …
	$(call proof,interop,mesh-proxy)

NETNS := mesh-proxy mesh-local

netns: jdk ## Capture in network namespaces: rules, redirect, no loop, dual stack (root)
	$(call proof,netns,$(NETNS))

chart: jdk ## The Helm chart: helm lint, and the same objects as `mesh install` (Helm 3 or 4)
	$(call proof,chart,mesh-cli)

kind-api: jdk ## The control plane against the API server of KUBECONFIG: registry, identity, CustomResourceDefinitions
	$(call proof,kind,mesh-control)

kind-smoke: images ## The mesh on a kind cluster that is made and removed: install, identity, policy, rolling restart, uninstall
	@bin/kind-smoke $(CLUSTER)

conformance: build ## Gateway API's mesh tests on this machine, then its own suite on a kind cluster: out/conformance
	@bin/conformance $(CLUSTER)

bench: build ## Cost beside Envoy, HAProxy and nginx: out/bench/latest (ROUNDS=3 SECONDS=6 WORKLOADS=h1-c32,… PEERS=envoy,refmesh,…)
	@$(JAVA_HOME)/bin/java -XX:+UseSerialGC -Xmx256m -cp load-tests/target/load-tests.jar io.refmesh.load.bench.BenchMain --home . $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SECONDS),--seconds $(SECONDS)) $(if $(WORKLOADS),--workloads $(WORKLOADS)) $(if $(PEERS),--peers $(PEERS))

bench-micro: jdk ## The hot parts of the proxy, each by itself: time and bytes allocated, out/bench/micro.json (BENCH=regex)
	@mkdir -p out/bench
	@$(MVN) -q -Pjmh -pl mesh-proxy -am test-compile -Djacoco.skip=true
	@$(JAVA_HOME)/bin/java -cp mesh-proxy/target/test-classes:mesh-proxy/target/classes:$$(cat mesh-proxy/target/jmh.classpath) org.openjdk.jmh.Main -prof gc -rf json -rff out/bench/micro.json $(BENCH)

bench-control: jdk ## A control plane with 5,000 pods of 500 Services and 500 sidecars: start, changes, a storm, certificates; out/bench/control.json
	@$(MVN) -q -Pbench -pl mesh-control -am test-compile -Djacoco.skip=true
	@$(JAVA_HOME)/bin/java -XX:+UseSerialGC -Xmx1500m --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow -cp mesh-control/target/test-classes:mesh-control/target/classes:$$(cat mesh-control/target/bench.classpath) io.refmesh.control.ControlBench .

simulate: jdk ## Whole proxies on simulated time with everything going wrong (SEEDS=n, or SEED=n for one)
	$(call proof,simulate,mesh-proxy,-Dseeds=$(SEEDS) $(if $(SEED),-Dseed=$(SEED)))

fuzz: jdk ## Jazzer's bytes for whatever reads bytes of others (SECONDS=n for each target, TARGET=name for one)
	$(call proof,fuzz,mesh-testkit mesh-model mesh-proxy,-Pfuzz $(if $(SECONDS),-Dfuzz.seconds=$(SECONDS)) $(if $(TARGET),-Dfuzz.target=$(TARGET)))

verify: test simulate fuzz h2spec netns e2e ## All that CI does, and the proofs of a few minutes

fmt: jdk ## Format the sources
	$(MVN) -q spotless:apply

clean: jdk ## Remove what was built
	$(MVN) -q clean
	rm -rf target out .refmesh
