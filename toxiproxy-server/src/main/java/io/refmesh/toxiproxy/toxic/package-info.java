/**
 * What a toxic is: its type, direction, toxicity and checked attributes. Immutable values; any
 * thread.
 */
@NullMarked
package io.refmesh.toxiproxy.toxic;

import org.jspecify.annotations.NullMarked;
