/**
 * Open-model load from a plan file, and a record of every request. A plan comes in ({@link
 * io.refmesh.load.PlanReader}), Gatling decides when each request starts ({@link
 * io.refmesh.load.PlanSimulation}), a {@link io.refmesh.load.Wire} sends it, and lines of {@code
 * requests.tsv} go out ({@link io.refmesh.load.Recorder}). Everything on the wire happens on
 * Gatling's one event loop; one thread writes the record.
 */
@NullMarked
package io.refmesh.load;

import org.jspecify.annotations.NullMarked;
