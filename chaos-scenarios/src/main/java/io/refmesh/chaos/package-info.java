/**
 * The resilience harness: starts a mesh, puts it under load, breaks it on purpose and says whether
 * it kept its promises. {@link io.refmesh.chaos.E2e} is the way in; it runs on the caller's thread.
 */
@NullMarked
package io.refmesh.chaos;

import org.jspecify.annotations.NullMarked;
