/**
 * What a scenario expects: conditions over measured figures, read from YAML and decided exactly, or
 * within a stated binomial tolerance. Pure; a figure that is not known makes a condition fail with
 * that reason.
 */
@NullMarked
package io.refmesh.chaos.expect;

import org.jspecify.annotations.NullMarked;
