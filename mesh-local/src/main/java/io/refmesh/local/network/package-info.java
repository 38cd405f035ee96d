/**
 * Loopback addresses: which mesh owns which part of 127/8, and who listens where. Safe on any
 * thread.
 */
@NullMarked
package io.refmesh.local.network;

import org.jspecify.annotations.NullMarked;
