package io.refmesh.proxy.http.client;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseDecoder;
import io.netty.handler.codec.http.HttpStatusClass;
import io.refmesh.proxy.http.RequestHead;
import org.jspecify.annotations.Nullable;

/**
 * Netty's response decoder, told for each request what it is, for that decides where the response
 * ends, and able to say whether any byte of the response came, be it of a whole head or not: a
 * request of which something was read must not be sent again.
 */
final class ResponseDecoder extends HttpResponseDecoder {

  private @Nullable RequestHead request;
  private boolean bytesRead;

  ResponseDecoder(ClientSettings settings) {
    super(
        new HttpDecoderConfig()
            .setMaxInitialLineLength(settings.headerBytes())
            .setMaxHeaderSize(settings.headerBytes())
            // Chunks go on as they come: no reason to cut what was read at once.
            .setMaxChunkSize(64 * 1024));
  }

  /** The next response answers this request. */
  void expect(RequestHead asked) {
    request = asked;
    bytesRead = false;
  }

  boolean bytesRead() {
    return bytesRead;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
    bytesRead = true;
    super.channelRead(context, message);
  }

  @Override
  protected boolean isContentAlwaysEmpty(HttpMessage message) {
    if (request == null || !(message instanceof HttpResponse response)) {
      return super.isContentAlwaysEmpty(message);
    }
    if (response.status().codeClass() == HttpStatusClass.INFORMATIONAL) {
      return true;
    }
    return request.method().equals("HEAD")
        || request.tunnelAfter(response.status().code())
        || super.isContentAlwaysEmpty(message);
  }
}
