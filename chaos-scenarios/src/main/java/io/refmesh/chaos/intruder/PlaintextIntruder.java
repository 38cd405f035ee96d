package io.refmesh.chaos.intruder;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;

/** Speaks plain HTTP to a sidecar, as anything without a sidecar would. */
public final class PlaintextIntruder implements Intruder {

  private static final int TIMEOUT_MILLIS = 2_000;

  private final InetSocketAddress target;

  public PlaintextIntruder(InetSocketAddress target) {
    this.target = target;
  }

  @Override
  public Ending attempt() {
    try (Socket socket = new Socket()) {
      socket.connect(target, TIMEOUT_MILLIS);
      socket.setSoTimeout(TIMEOUT_MILLIS);
      return ask(socket);
    } catch (IOException e) {
      return Ending.UNCLEAR;
    }
  }

  private static Ending ask(Socket socket) {
    try {
      OutputStream out = socket.getOutputStream();
      out.write(
          "GET /items HTTP/1.1\r\nhost: vault.shop\r\nx-request-id: intruder\r\nconnection: close\r\n\r\n"
              .getBytes(StandardCharsets.US_ASCII));
      out.flush();
      InputStream in = socket.getInputStream();
      String head = new String(in.readNBytes("HTTP/1.1 200".length()), StandardCharsets.US_ASCII);
      return head.startsWith("HTTP/1.1 2") ? Ending.ADMITTED : Ending.REFUSED;
    } catch (SocketTimeoutException e) {
      return Ending.UNCLEAR;
    } catch (IOException e) {
      // Reset: connected, and thrown out.
      return Ending.REFUSED;
    }
  }
}
