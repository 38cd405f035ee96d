/**
 * Live requests for those who may see them. {@link io.refmesh.proxy.tap.Taps} is told of every
 * exchange, {@link io.refmesh.proxy.tap.TapService} answers who asks.
 */
@NullMarked
package io.refmesh.proxy.tap;

import org.jspecify.annotations.NullMarked;
