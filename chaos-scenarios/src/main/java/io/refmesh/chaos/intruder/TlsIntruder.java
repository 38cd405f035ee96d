package io.refmesh.chaos.intruder;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

/**
 * Presents a certificate as a sidecar does. With TLS 1.3 a client has finished its handshake before
 * the server looks at the client's certificate, so it counts as admitted only when the server goes
 * on to speak HTTP/2.
 */
public final class TlsIntruder implements Intruder {

  private static final int TIMEOUT_MILLIS = 2_000;
  private static final String ALPN = "refmesh/h2";

  /** What an HTTP/2 client says first: the preface and empty SETTINGS. */
  private static final byte[] PREFACE =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0".getBytes(StandardCharsets.US_ASCII);

  private final InetSocketAddress target;
  private final SSLContext tls;

  public TlsIntruder(InetSocketAddress target, Credential credential) {
    this.target = target;
    this.tls = credential.context();
  }

  @Override
  public Ending attempt() {
    try (Socket plain = new Socket()) {
      plain.connect(target, TIMEOUT_MILLIS);
      plain.setSoTimeout(TIMEOUT_MILLIS);
      return shakeHands(plain);
    } catch (IOException e) {
      return Ending.UNCLEAR;
    }
  }

  private Ending shakeHands(Socket plain) {
    try (SSLSocket socket =
        (SSLSocket)
            tls.getSocketFactory()
                .createSocket(plain, target.getHostString(), target.getPort(), false)) {
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setProtocols(new String[] {"TLSv1.3"});
      parameters.setApplicationProtocols(new String[] {ALPN});
      socket.setSSLParameters(parameters);
      socket.startHandshake();
      socket.getOutputStream().write(PREFACE);
      socket.getOutputStream().flush();
      return socket.getInputStream().read() >= 0 ? Ending.ADMITTED : Ending.REFUSED;
    } catch (SocketTimeoutException e) {
      return Ending.UNCLEAR;
    } catch (IOException e) {
      // An alert or a closed connection: thrown out.
      return Ending.REFUSED;
    }
  }
}
