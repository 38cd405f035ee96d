/**
 * What the shop does wrong, on request: a JSON document comes in, a {@link
 * io.refmesh.shop.behave.Verdict} for each request goes out. Everything here lives on the
 * application port's event loop, except the values, which are immutable.
 */
@NullMarked
package io.refmesh.shop.behave;

import org.jspecify.annotations.NullMarked;
