/**
 * Which test proves which case of what the mesh promises: the marker {@link
 * io.refmesh.testkit.acceptance.Acceptance}, the table of cases, and the page that joins them.
 */
@NullMarked
package io.refmesh.testkit.acceptance;

import org.jspecify.annotations.NullMarked;
