/** What the hot parts of the proxy cost, each by itself: run by {@code make bench-micro}. */
@NullMarked
package io.refmesh.proxy.bench;

import org.jspecify.annotations.NullMarked;
