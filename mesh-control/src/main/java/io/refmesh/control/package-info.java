/**
 * The control plane: a folder of resources and a list of running instances come in, certificates
 * and configuration for proxies go out. {@link io.refmesh.control.Control} builds every part and is
 * the file to open first; state changes on one writer thread.
 */
@NullMarked
package io.refmesh.control;

import org.jspecify.annotations.NullMarked;
