/**
 * A cluster as a place for scenarios: the shop is Deployments whose pods the mesh gave sidecars,
 * the load is a Job, Toxiproxy is its own image, and what is killed is killed on its node. The
 * harness itself runs in a pod, since it must reach every pod's address. Only this package of the
 * harness knows the client.
 */
@NullMarked
package io.refmesh.chaos.kubernetes;

import org.jspecify.annotations.NullMarked;
