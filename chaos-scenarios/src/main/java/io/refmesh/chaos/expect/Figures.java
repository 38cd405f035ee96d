package io.refmesh.chaos.expect;

import java.util.OptionalDouble;

/**
 * Measured figures by name, such as {@code client.browse.p99}; empty when nothing was measured
 * under that name.
 */
public interface Figures {

  OptionalDouble figure(String name);
}
