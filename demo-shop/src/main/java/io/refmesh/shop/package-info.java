/**
 * The demo shop: from the environment to two listening ports, and back on SIGTERM. {@link
 * io.refmesh.shop.ShopMain} reads {@link io.refmesh.shop.Settings}, {@link io.refmesh.shop.Shop}
 * starts one event loop for the application port and all state, and one for the admin port.
 */
@NullMarked
package io.refmesh.shop;

import org.jspecify.annotations.NullMarked;
