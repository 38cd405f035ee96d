package io.refmesh.shop.record;

/**
 * Connections and bytes of the application port, those of readiness probes apart; on its event loop
 * only.
 */
public final class Traffic {
  private long accepted;
  private long probeConnections;
  private long open;
  private long refused;
  private long received;
  private long sent;
  private long probeBytes;

  public void opened() {
    open++;
  }

  public void closed() {
    open--;
  }

  public void refused() {
    refused++;
  }

  public long open() {
    return open;
  }

  public void acceptedOne() {
    accepted++;
  }

  public void probedOne() {
    probeConnections++;
  }

  public void received(long bytes) {
    received += bytes;
  }

  public void probed(long bytes) {
    probeBytes += bytes;
  }

  public void sent(long bytes) {
    sent += bytes;
  }

  /** A connection first counted as the application's turns out to be a probe's. */
  public void wasProbe(long bytes) {
    accepted--;
    probeConnections++;
    received -= bytes;
    probeBytes += bytes;
  }

  /** A connection first counted as a probe's carries a request. */
  public void wasNoProbe(long bytes) {
    accepted++;
    probeConnections--;
    received += bytes;
    probeBytes -= bytes;
  }

  void clear() {
    accepted = 0;
    probeConnections = 0;
    refused = 0;
    received = 0;
    sent = 0;
    probeBytes = 0;
  }

  Connections connections() {
    return new Connections(accepted, open, refused, probeConnections);
  }

  Bytes bytes() {
    return new Bytes(received, sent, probeBytes);
  }

  /** {@code accepted} without {@code probe}; {@code open} with. */
  public record Connections(long accepted, long open, long refused, long probe) {}

  /** {@code received} without {@code probe}; {@code sent} with. */
  public record Bytes(long received, long sent, long probe) {}
}
