/**
 * What a proxy is told about how to treat requests: time, retries, ejection, authorization.
 * Immutable values.
 */
@NullMarked
package io.refmesh.model.policy;

import org.jspecify.annotations.NullMarked;
