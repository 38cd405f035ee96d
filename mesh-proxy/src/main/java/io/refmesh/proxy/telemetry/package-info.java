/**
 * What the proxy tells about itself: metrics and the access log. Events come in from event loops
 * without locks; text goes out when the admin port is asked. Start with {@link
 * io.refmesh.proxy.telemetry.ProxyMetric}, which names everything that is counted.
 */
@NullMarked
package io.refmesh.proxy.telemetry;

import org.jspecify.annotations.NullMarked;
