package io.refmesh.proxy.accept;

import io.netty.channel.Channel;
import java.net.InetSocketAddress;

/**
 * A connection taken from a listener; nothing has been read from it.
 *
 * @param meter counts its bytes; the steps that follow tell it what the connection is
 */
public record Accepted(
    Channel channel, InetSocketAddress peer, Target target, ConnectionMeter meter) {}
