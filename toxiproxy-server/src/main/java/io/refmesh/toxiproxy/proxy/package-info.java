/**
 * Proxies: listening addresses whose connections are joined to an upstream through two links. The
 * set of proxies is read and changed on the control loop only; each live connection belongs to one
 * data loop.
 */
@NullMarked
package io.refmesh.toxiproxy.proxy;

import org.jspecify.annotations.NullMarked;
