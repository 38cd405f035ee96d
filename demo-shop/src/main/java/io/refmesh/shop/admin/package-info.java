/**
 * The admin port: questions about the record and orders for the behaviour come in, JSON goes out.
 * Runs on a thread of its own and asks the application port's event loop for copies.
 */
@NullMarked
package io.refmesh.shop.admin;

import org.jspecify.annotations.NullMarked;
