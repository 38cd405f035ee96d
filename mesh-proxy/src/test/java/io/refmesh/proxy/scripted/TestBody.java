package io.refmesh.proxy.scripted;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.refmesh.proxy.http.BodyPipe;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A body whose sender is the test; counts the credit that comes back and the buffers that leak. */
public final class TestBody implements BodyPipe.Source {

  public final BodyPipe pipe = new BodyPipe(this);
  public int credit;
  public int sent;
  public boolean abandoned;
  private final List<ByteBuf> chunks = new ArrayList<>();

  public static BodyPipe of(String text) {
    TestBody body = new TestBody();
    body.send(text);
    body.pipe.end(null);
    return body.pipe;
  }

  public void send(String text) {
    ByteBuf chunk =
        UnpooledByteBufAllocator.DEFAULT
            .heapBuffer()
            .writeBytes(Unpooled.wrappedBuffer(text.getBytes(StandardCharsets.UTF_8)));
    chunks.add(chunk);
    sent += chunk.readableBytes();
    pipe.data(chunk);
  }

  /** Chunks that nobody has released. */
  public long held() {
    return chunks.stream().filter(chunk -> chunk.refCnt() > 0).count();
  }

  @Override
  public void consumed(int bytes) {
    credit += bytes;
  }

  @Override
  public void abandoned() {
    abandoned = true;
  }
}
