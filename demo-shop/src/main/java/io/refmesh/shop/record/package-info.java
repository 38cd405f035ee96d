/**
 * What reached the shop: beginnings and ends of requests, bytes and effects come in, copies for the
 * admin port go out. Mutable classes live on the application port's event loop; views are
 * immutable.
 */
@NullMarked
package io.refmesh.shop.record;

import org.jspecify.annotations.NullMarked;
