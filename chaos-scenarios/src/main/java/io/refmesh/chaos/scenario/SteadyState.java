package io.refmesh.chaos.scenario;

import io.refmesh.chaos.expect.Expression;
import java.time.Duration;

/**
 * What the mesh under load looks like when all is well; the acts begin as soon as it does.
 *
 * @param that as it was written; {@code condition} is what it means, over the last second
 * @param within how long that may take: processes that have just started are slow
 */
public record SteadyState(String that, Expression condition, Duration within) {}
