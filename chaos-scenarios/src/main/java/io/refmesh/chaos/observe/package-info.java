/**
 * What was measured: the record of every request, the applications' own record, the sidecars'
 * metrics; in, readings; out, figures by name. Readings are taken on virtual threads; everything
 * here is safe on any thread.
 */
@NullMarked
package io.refmesh.chaos.observe;

import org.jspecify.annotations.NullMarked;
