/**
 * What the API server asks before it stores an object: pods get their sidecar, mistakes in
 * resources are refused. {@link io.refmesh.control.inject.PodPatcher} and {@link
 * io.refmesh.control.inject.Validator} are pure; {@link io.refmesh.control.inject.WebhookServer} is
 * where they are called.
 */
@NullMarked
package io.refmesh.control.inject;

import org.jspecify.annotations.NullMarked;
