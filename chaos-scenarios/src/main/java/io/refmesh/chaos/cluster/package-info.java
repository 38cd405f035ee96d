/**
 * The host's side of a run on a cluster: checks, makes and fills one, starts the harness in a pod
 * of it, brings back what that wrote, and removes everything. The only package that knows Docker.
 */
@NullMarked
package io.refmesh.chaos.cluster;

import org.jspecify.annotations.NullMarked;
