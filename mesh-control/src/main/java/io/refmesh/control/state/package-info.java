/**
 * The cluster as the control plane sees it at one moment: resources and instances come in from
 * {@code registry}, one immutable view goes out to {@code build}. Used on the writer thread.
 */
@NullMarked
package io.refmesh.control.state;

import org.jspecify.annotations.NullMarked;
