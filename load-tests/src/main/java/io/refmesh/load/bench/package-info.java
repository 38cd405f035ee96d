/**
 * Sidecar pairs side by side: {@code make bench}. Pairs of several proxies run at once ({@link
 * io.refmesh.load.bench.Pair}), one of them is measured at a time ({@link
 * io.refmesh.load.bench.Workload}), rounds are interleaved, and only ratios within a round are
 * judged ({@link io.refmesh.load.bench.Musts}). Start with {@link io.refmesh.load.bench.BenchMain}.
 */
@NullMarked
package io.refmesh.load.bench;

import org.jspecify.annotations.NullMarked;
