/** Names of workloads and what proves them. Immutable values, safe on any thread. */
@NullMarked
package io.refmesh.model.identity;

import org.jspecify.annotations.NullMarked;
