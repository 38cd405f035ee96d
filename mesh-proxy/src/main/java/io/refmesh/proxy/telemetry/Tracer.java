package io.refmesh.proxy.telemetry;

import java.util.random.RandomGenerator;

/**
 * Gives a sampled exchange a span of its own between the span that called and the one that is
 * called (W3C Trace Context). What is not sampled passes unchanged.
 *
 * <p>A request without trace begins one when chance says so: {@code samplePercent} of them are
 * sampled, and the others are told that they are not, so that the next hop does not ask chance
 * again. All tries of an exchange are one span.
 */
public final class Tracer implements ExchangeObserver {

  private static final double PERCENT = 100;

  private final double samplePercent;
  private final RandomGenerator random;
  private final SpanExporter exporter;

  /**
   * @param random used from every event loop
   */
  public Tracer(double samplePercent, RandomGenerator random, SpanExporter exporter) {
    this.samplePercent = samplePercent;
    this.random = random;
    this.exporter = exporter;
  }

  @Override
  public void requested(ObservedExchange exchange) {
    var headers = exchange.request().headers();
    TraceParent parent = TraceParent.maybeOf(headers);
    if (parent == null) {
      if (samplePercent > 0) {
        boolean sampled = random.nextDouble() * PERCENT < samplePercent;
        TraceParent root = new TraceParent(id(), id(), id(), sampled);
        headers.set(TraceParent.FIELD, root.text());
        // It belongs to the trace whose field could not be read.
        headers.remove(TraceParent.STATE);
        if (sampled) {
          exchange.span(new Span(root, 0, ""));
        }
      }
    } else if (parent.sampled()) {
      TraceParent own = new TraceParent(parent.high(), parent.low(), id(), true);
      headers.set(TraceParent.FIELD, own.text());
      CharSequence state = headers.get(TraceParent.STATE);
      exchange.span(new Span(own, parent.span(), state == null ? "" : state.toString()));
    }
  }

  @Override
  public void ended(ObservedExchange exchange) {
    Span span = exchange.span();
    if (span != null) {
      exporter.export(span, exchange);
    }
  }

  /** Not 0, which stands for none. */
  private long id() {
    long id = random.nextLong();
    return id == 0 ? 1 : id;
  }
}
