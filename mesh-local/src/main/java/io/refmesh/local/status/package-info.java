/** What a running mesh looks like, read from its state folder and its parts. Blocking. */
@NullMarked
package io.refmesh.local.status;

import org.jspecify.annotations.NullMarked;
