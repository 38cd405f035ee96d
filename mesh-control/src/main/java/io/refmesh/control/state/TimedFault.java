package io.refmesh.control.state;

import io.refmesh.control.registry.FaultPolicy;
import java.time.Instant;
import java.util.Optional;

/**
 * A FaultPolicy and when it ends.
 *
 * @param end empty when it has: the object stays, and has no effect
 */
public record TimedFault(FaultPolicy policy, Optional<Instant> end) {}
