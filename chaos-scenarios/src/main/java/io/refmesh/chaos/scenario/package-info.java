/**
 * The format of scenarios. YAML comes in, a checked {@link io.refmesh.chaos.scenario.Scenario} goes
 * out, or every mistake with its line and column. Pure; any thread.
 */
@NullMarked
package io.refmesh.chaos.scenario;

import org.jspecify.annotations.NullMarked;
