/**
 * Between the records of this module and the messages of the control API ({@code control.proto}).
 * Pure functions.
 */
@NullMarked
package io.refmesh.model.wire;

import org.jspecify.annotations.NullMarked;
