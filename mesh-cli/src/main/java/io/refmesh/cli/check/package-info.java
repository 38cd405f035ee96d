/**
 * Whether a cluster can carry the mesh, and whether the mesh on it is well: answers of the API
 * server come in, findings go out, each with what to do about it. Runs on the caller's thread;
 * changes nothing on the cluster.
 */
@NullMarked
package io.refmesh.cli.check;

import org.jspecify.annotations.NullMarked;
