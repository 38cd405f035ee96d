package io.refmesh.control.identity;

import io.refmesh.model.identity.SpiffeId;
import java.time.Instant;

/**
 * What a token says once its signature is checked.
 *
 * @param workload {@code namespace/workload/replica}
 * @param id unlike that of any other token
 */
record WorkloadToken(SpiffeId identity, String workload, Instant expires, String id) {}
