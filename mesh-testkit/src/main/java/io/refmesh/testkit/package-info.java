/**
 * What tests of several modules share: certificates, seeds, golden files. Test scope only; nothing
 * here knows the mesh. Values are immutable and safe on any thread.
 */
@NullMarked
package io.refmesh.testkit;

import org.jspecify.annotations.NullMarked;
