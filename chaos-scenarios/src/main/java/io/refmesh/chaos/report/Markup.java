package io.refmesh.chaos.report;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Builds HTML, SVG or XML. Every text and every attribute is escaped here and nowhere else. Used by
 * one thread.
 */
final class Markup {

  private final StringBuilder out = new StringBuilder();
  private final Deque<String> open = new ArrayDeque<>();

  private Markup(String prologue) {
    out.append(prologue).append('\n');
  }

  static Markup html() {
    return new Markup("<!doctype html>");
  }

  static Markup xml() {
    return new Markup("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
  }

  /**
   * @param attributes names and values in turn
   */
  Markup open(String tag, String... attributes) {
    start(tag, attributes);
    out.append('>');
    open.push(tag);
    return this;
  }

  Markup close() {
    out.append("</").append(open.pop()).append('>');
    return this;
  }

  /** An element with text only. */
  Markup leaf(String tag, String text, String... attributes) {
    return open(tag, attributes).text(text).close();
  }

  /** An element that cannot have content: a void element of HTML, or any of SVG and XML. */
  Markup empty(String tag, String... attributes) {
    start(tag, attributes);
    out.append("/>");
    return this;
  }

  Markup text(String text) {
    escape(text, false);
    return this;
  }

  Markup line() {
    out.append('\n');
    return this;
  }

  /** A style sheet or script of ours; never anything that was measured or read from a scenario. */
  Markup trusted(String tag, String source) {
    open(tag);
    out.append(source);
    return close().line();
  }

  /** The document so far; all elements must be closed. */
  String text() {
    if (!open.isEmpty()) {
      throw new IllegalStateException("open elements: " + open + " (expected: none)");
    }
    return out.toString();
  }

  private void start(String tag, String... attributes) {
    if (attributes.length % 2 != 0) {
      throw new IllegalArgumentException(
          tag
              + ": "
              + attributes.length
              + " attribute strings (expected: names and values in turn)");
    }
    out.append('<').append(tag);
    for (int i = 0; i < attributes.length; i += 2) {
      out.append(' ').append(attributes[i]).append("=\"");
      escape(attributes[i + 1], true);
      out.append('"');
    }
  }

  private void escape(String text, boolean attribute) {
    text.codePoints()
        .forEach(c -> {
          switch (c) {
            case '&' -> out.append("&amp;");
            case '<' -> out.append("&lt;");
            case '>' -> out.append("&gt;");
            case '"' -> out.append("&quot;");
            case '\'' -> out.append("&#39;");
            case '\n', '\t' -> {
              // Attributes lose line ends otherwise.
              if (attribute) {
                out.append("&#").append(c).append(';');
              } else {
                out.append((char) c);
              }
            }
            default -> out.appendCodePoint(allowed(c) ? c : 0xFFFD);
          }
        });
  }

  /** Neither XML nor HTML has a way to write the other control characters, nor lone surrogates. */
  private static boolean allowed(int c) {
    boolean control = c < 0x20 || c >= 0x7F && c < 0xA0;
    boolean surrogate = c >= 0xD800 && c <= 0xDFFF;
    boolean overrides = c >= 0x202A && c <= 0x202E || c >= 0x2066 && c <= 0x2069;
    return !control && !surrogate && !overrides && (c & 0xFFFE) != 0xFFFE;
  }
}
