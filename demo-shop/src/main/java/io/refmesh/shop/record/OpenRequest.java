package io.refmesh.shop.record;

/** A request between its head and its end; handed back to {@link ShopRecord#end} exactly once. */
public final class OpenRequest {
  private final String id;
  private final String method;
  private final String path;
  private final String caller;
  private final String attempt;
  private final long at;
  private final long startNanos;
  private final int generation;
  private boolean ended;

  OpenRequest(
      String id,
      String method,
      String path,
      String caller,
      String attempt,
      long at,
      long startNanos,
      int generation) {
    this.id = id;
    this.method = method;
    this.path = path;
    this.caller = caller;
    this.attempt = attempt;
    this.at = at;
    this.startNanos = startNanos;
    this.generation = generation;
  }

  /** What came as {@code x-mesh-try}, else how often the id was seen here. */
  public String attempt() {
    return attempt;
  }

  public String caller() {
    return caller;
  }

  public boolean ended() {
    return ended;
  }

  void markEnded() {
    assert !ended : "a request ends once";
    ended = true;
  }

  boolean of(int currentGeneration) {
    return generation == currentGeneration;
  }

  long nanosUntil(long nowNanos) {
    return nowNanos - startNanos;
  }

  EndedRequest ended(long seq, int status, Outcome outcome, long durationNanos) {
    double durationMs = ShopClock.millis(durationNanos);
    return new EndedRequest(
        seq, at, id, method, path, status, outcome.word(), caller, attempt, durationMs);
  }
}
