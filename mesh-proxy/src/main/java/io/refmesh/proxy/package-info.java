/**
 * The data plane: one process beside each workload. {@link io.refmesh.proxy.Proxy} builds every
 * part once and in order; the stacks list what a request or connection passes, in order. Traffic
 * runs on event loops; configuration comes from the control plane's threads and is handed over
 * through volatile references.
 */
@NullMarked
package io.refmesh.proxy;

import org.jspecify.annotations.NullMarked;
