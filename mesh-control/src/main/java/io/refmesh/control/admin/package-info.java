/**
 * The control plane's admin port: liveness, readiness, metrics and what it knows, for people and
 * for {@code mesh status}. Each request is answered on a virtual thread of its own.
 */
@NullMarked
package io.refmesh.control.admin;

import org.jspecify.annotations.NullMarked;
