/**
 * A network, its clock and its programs in one thread: connections with delays, cuts in every
 * write, resets, half closes and full windows, drawn from a seed. Nothing here knows the proxy;
 * {@link io.refmesh.proxy.simulation.SimulatedNetwork} is where to begin.
 */
@NullMarked
package io.refmesh.proxy.simulation;

import org.jspecify.annotations.NullMarked;
