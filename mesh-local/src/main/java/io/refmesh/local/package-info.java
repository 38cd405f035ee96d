/**
 * Local mode: a folder of YAML comes in, real processes come out. Start with {@link
 * io.refmesh.local.LocalMesh}. Blocking code on virtual threads; what the mesh is made of changes
 * under one lock.
 */
@NullMarked
package io.refmesh.local;

import org.jspecify.annotations.NullMarked;
