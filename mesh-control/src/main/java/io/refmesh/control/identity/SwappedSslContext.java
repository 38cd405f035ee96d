package io.refmesh.control.identity;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ApplicationProtocolNegotiator;
import io.netty.handler.ssl.SslContext;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSessionContext;

/**
 * A server's TLS context that stands for another, which is replaced whole when the certificate
 * changes: a server keeps the context it was built with, and a changing key manager would serve old
 * certificates to clients that resume. Thread-safe.
 */
@SuppressWarnings(
    "deprecation") // ApplicationProtocolNegotiator: an abstract method of SslContext has it.
final class SwappedSslContext extends SslContext {

  private volatile SslContext current;

  SwappedSslContext(SslContext first) {
    this.current = first;
  }

  /** New connections use {@code next}; the old context goes with its last connection. */
  void swap(SslContext next) {
    current = next;
  }

  @Override
  public boolean isClient() {
    return false;
  }

  @Override
  public List<String> cipherSuites() {
    return current.cipherSuites();
  }

  @Override
  public ApplicationProtocolNegotiator applicationProtocolNegotiator() {
    return current.applicationProtocolNegotiator();
  }

  @Override
  public SSLEngine newEngine(ByteBufAllocator allocator) {
    return current.newEngine(allocator);
  }

  @Override
  public SSLEngine newEngine(ByteBufAllocator allocator, String peerHost, int peerPort) {
    return current.newEngine(allocator, peerHost, peerPort);
  }

  @Override
  public SSLSessionContext sessionContext() {
    return current.sessionContext();
  }
}
