/**
 * What operators and the command line ask of one proxy: is it alive, is it ready, what does it
 * count, what does it know. Requests come in on the admin port; state comes in through {@link
 * io.refmesh.proxy.admin.AdminState}. Everything runs on one event loop of its own, so that a slow
 * answer never holds up traffic.
 */
@NullMarked
package io.refmesh.proxy.admin;

import org.jspecify.annotations.NullMarked;
