/** Processes with handles that outlive the one who started them. Safe on any thread. */
@NullMarked
package io.refmesh.local.process;

import org.jspecify.annotations.NullMarked;
