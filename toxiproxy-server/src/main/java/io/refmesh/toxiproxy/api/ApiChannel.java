package io.refmesh.toxiproxy.api;

import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.timeout.IdleStateHandler;
import java.time.InstantSource;
import java.util.random.RandomGenerator;

/** Sets up control connections: HTTP/1.1 with whole requests, closed when idle. */
public final class ApiChannel extends ChannelInitializer<Channel> {
  /** Room for some ten thousand proxies in one populate. */
  private static final int BODY_BYTES_MAX = 4 * 1024 * 1024;

  /** As the original. */
  private static final int IDLE_SECONDS_MAX = 60;

  private final Api api;
  private final RequestIds requestIds;
  private final HttpDates dates;

  public ApiChannel(Api api, InstantSource clock, RandomGenerator random) {
    this.api = api;
    this.requestIds = new RequestIds(clock, random);
    this.dates = new HttpDates(clock);
  }

  @Override
  protected void initChannel(Channel channel) {
    channel
        .pipeline()
        .addLast(new IdleStateHandler(0, 0, IDLE_SECONDS_MAX))
        .addLast(new HttpServerCodec())
        .addLast(new HttpObjectAggregator(BODY_BYTES_MAX))
        .addLast(new ApiHandler(api, requestIds, dates));
  }
}
