package io.refmesh.proxy.telemetry;

/**
 * What a sampled exchange is in its trace.
 *
 * @param context of this span, as the next hop is told it
 * @param parent id of the span that sent the request; 0 when this one begins the trace
 * @param state what came as {@code tracestate}; may be empty
 */
record Span(TraceParent context, long parent, String state) {

  /** 32 hex digits. */
  String traceId() {
    return context.traceId();
  }
}
