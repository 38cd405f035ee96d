/**
 * The init program: writes the rules that lead a workload's connections through its sidecar, and
 * proves that they are there. What is to be captured comes in as arguments, an exit code goes out.
 * Runs before the sidecar, in one thread, with nothing but the JDK on its path.
 */
@NullMarked
package io.refmesh.proxy.capture;

import org.jspecify.annotations.NullMarked;
