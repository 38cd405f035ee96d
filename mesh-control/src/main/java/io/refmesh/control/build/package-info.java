/**
 * From the cluster's state to what proxies are told: a {@link
 * io.refmesh.control.state.ClusterState} comes in, {@link io.refmesh.control.build.Snapshots} with
 * the problems found go out. Pure functions; used on the writer thread.
 */
@NullMarked
package io.refmesh.control.build;

import org.jspecify.annotations.NullMarked;
