package io.refmesh.load;

/**
 * A finished request: one line of {@code requests.tsv}. Empty texts and zero numbers are absent
 * values.
 */
record RequestRecord(
    String stream,
    String request,
    long intendedMicros,
    long startMicros,
    long endMicros,
    Outcome outcome,
    int status,
    String instance,
    String version,
    String caller,
    String attempt,
    String meshError,
    long bodyBytes,
    String error) {

  static final String HEADING =
      "#stream\trequest\tintendedMicros\tstartMicros\tendMicros\toutcome\tstatus\tinstance\tversion\tcaller\ttry\tmeshError\tbodyBytes\terror\n";

  /** Longest text in a field; servers choose some of them. */
  private static final int FIELD_CHARS_MAX = 200;

  void appendTo(StringBuilder line) {
    text(line, stream);
    text(line, request);
    line.append(intendedMicros)
        .append('\t')
        .append(startMicros)
        .append('\t')
        .append(endMicros)
        .append('\t');
    line.append(outcome.word()).append('\t').append(status).append('\t');
    text(line, instance);
    text(line, version);
    text(line, caller);
    text(line, attempt);
    text(line, meshError);
    line.append(bodyBytes).append('\t');
    text(line, error);
    line.setCharAt(line.length() - 1, '\n');
  }

  private static void text(StringBuilder line, String text) {
    if (text.isEmpty()) {
      line.append('-');
    }
    for (int i = 0; i < Math.min(text.length(), FIELD_CHARS_MAX); i++) {
      char c = text.charAt(i);
      line.append(Character.isISOControl(c) || Character.isSurrogate(c) ? ' ' : c);
    }
    line.append('\t');
  }
}
