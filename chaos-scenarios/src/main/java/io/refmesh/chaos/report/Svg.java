package io.refmesh.chaos.report;

import java.util.Locale;

/** Shapes of a picture, each with a class from the style sheet; coordinates with one digit. */
record Svg(Markup markup) {

  /** Of the labels' font, on average; an estimate decides what fits. */
  private static final double LETTER_WIDTH = 6.3;

  /** Which end of a text its place is. */
  enum Anchor {
    START,
    MIDDLE,
    END
  }

  Svg group(String style) {
    markup.open("g", "class", style);
    return this;
  }

  Svg end() {
    markup.close().line();
    return this;
  }

  /** What a pointer resting on the group is told. */
  Svg title(String text) {
    markup.leaf("title", text);
    return this;
  }

  Svg line(String style, double x1, double y1, double x2, double y2) {
    markup.empty("line", "class", style, "x1", at(x1), "y1", at(y1), "x2", at(x2), "y2", at(y2));
    return this;
  }

  Svg rect(String style, double x, double y, double width, double height, double radius) {
    markup.empty(
        "rect",
        "class",
        style,
        "x",
        at(x),
        "y",
        at(y),
        "width",
        at(Math.max(0.5, width)),
        "height",
        at(Math.max(0.5, height)),
        "rx",
        at(radius));
    return this;
  }

  Svg dot(String style, double x, double y, double radius) {
    markup.empty("circle", "class", style, "cx", at(x), "cy", at(y), "r", at(radius));
    return this;
  }

  Svg path(String style, String d) {
    markup.empty("path", "class", style, "d", d).line();
    return this;
  }

  Svg text(String style, Anchor anchor, double x, double y, String text) {
    String side = anchor.name().toLowerCase(Locale.ROOT);
    markup.leaf("text", text, "class", style, "text-anchor", side, "x", at(x), "y", at(y)).line();
    return this;
  }

  static double width(String text) {
    return text.length() * LETTER_WIDTH;
  }

  /** As much of a text as fits; nothing when that would be a letter or two. */
  static String fitted(String text, double width) {
    int letters = (int) (width / LETTER_WIDTH);
    if (text.length() <= letters) {
      return text;
    }
    if (letters < 4) {
      return "";
    }
    int end = letters - 1;
    // A surrogate pair stays whole.
    return text.substring(0, Character.isHighSurrogate(text.charAt(end - 1)) ? end - 1 : end)
        + "\u2026";
  }

  static String at(double value) {
    String text = String.format(Locale.ROOT, "%.1f", value);
    return text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
  }
}
