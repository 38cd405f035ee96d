/**
 * Local mode as a place for scenarios: every workload, sidecar and helper is a process of this
 * machine.
 */
@NullMarked
package io.refmesh.chaos.local;

import org.jspecify.annotations.NullMarked;
