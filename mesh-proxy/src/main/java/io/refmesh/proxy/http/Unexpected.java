package io.refmesh.proxy.http;

import io.netty.channel.Channel;
import io.netty.handler.codec.DecoderException;
import java.io.IOException;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Tells the log about an exception that ends a connection and is none of what peers and networks do
 * every day.
 */
public final class Unexpected {

  private static final Logger LOG = Logger.getLogger(Unexpected.class.getName());

  private Unexpected() {}

  public static void log(Channel channel, Throwable cause) {
    if (cause instanceof IOException || cause instanceof DecoderException) {
      LOG.log(Level.FINE, cause, () -> "connection ends: " + channel);
    } else {
      LOG.log(
          Level.WARNING, cause, () -> "connection closed after an error in the proxy: " + channel);
    }
  }
}
