/**
 * What a user wrote and what runs: YAML text comes in from a watched folder, typed immutable
 * resources and problems go out. The start is {@link io.refmesh.control.registry.ResourceParser}
 * (pure) and {@link io.refmesh.control.registry.FolderRegistry} (one thread of its own, which calls
 * its listener).
 */
@NullMarked
package io.refmesh.control.registry;

import org.jspecify.annotations.NullMarked;
