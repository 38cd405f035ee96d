/**
 * What a proxy is told about where things are: services, endpoints, listeners. Immutable values,
 * safe on any thread.
 */
@NullMarked
package io.refmesh.model.discovery;

import org.jspecify.annotations.NullMarked;
