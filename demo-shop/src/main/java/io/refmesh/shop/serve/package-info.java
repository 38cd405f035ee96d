/**
 * What the shop answers when nothing is wrong: an {@link io.refmesh.shop.serve.Ask} comes in, an
 * {@link io.refmesh.shop.serve.Answer} goes out. Pages without calls run on the application port's
 * event loop, pages that call other services on a virtual thread each.
 */
@NullMarked
package io.refmesh.shop.serve;

import org.jspecify.annotations.NullMarked;
