/**
 * What each proxy is told: {@link io.refmesh.control.build.Snapshots} and the requests of proxies
 * come in, versioned resources go out on one stream per proxy. Everything but the gRPC callbacks of
 * {@link io.refmesh.control.publish.DiscoveryService} runs on the writer thread.
 */
@NullMarked
package io.refmesh.control.publish;

import org.jspecify.annotations.NullMarked;
