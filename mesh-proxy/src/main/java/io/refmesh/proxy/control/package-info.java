/**
 * The client of the control API: a certificate, the workload's own configuration and destinations
 * come in over gRPC; whoever listens gets them as records, each handed over through one volatile
 * reference. Start with {@link io.refmesh.proxy.control.ControlPlane}. Runs on two virtual threads;
 * while the control plane is away, everything stays as it was last.
 */
@NullMarked
package io.refmesh.proxy.control;

import org.jspecify.annotations.NullMarked;
