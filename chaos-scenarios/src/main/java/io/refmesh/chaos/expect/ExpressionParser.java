package io.refmesh.chaos.expect;

import java.util.List;

/** Reads the grammar of {@link Expression}, by recursive descent. One use each. */
final class ExpressionParser {

  private static final List<String> COMPARISONS = List.of("==", "!=", "<=", ">=", "<", ">");

  private final String text;
  private int at;

  ExpressionParser(String text) {
    this.text = text;
  }

  Expression condition() {
    Expression result = either();
    skipSpace();
    if (at < text.length()) {
      throw expected("the end, \"and\", \"or\" or an operator");
    }
    return result;
  }

  private Expression either() {
    Expression left = both();
    while (word("or")) {
      left = new Expression.Either(left, both());
    }
    return left;
  }

  private Expression both() {
    Expression left = comparison();
    while (word("and")) {
      left = new Expression.Both(left, comparison());
    }
    return left;
  }

  private Expression comparison() {
    Expression left = sum();
    skipSpace();
    for (String operator : COMPARISONS) {
      if (text.startsWith(operator, at)) {
        at += operator.length();
        return new Expression.Comparison(operator, left, sum());
      }
    }
    throw expected("a comparison: one of " + COMPARISONS);
  }

  private Expression sum() {
    Expression left = product();
    for (char operator = next("+-"); operator != 0; operator = next("+-")) {
      left = new Expression.Arithmetic(operator, left, product());
    }
    return left;
  }

  private Expression product() {
    Expression left = atom();
    for (char operator = next("*/"); operator != 0; operator = next("*/")) {
      left = new Expression.Arithmetic(operator, left, atom());
    }
    return left;
  }

  private Expression atom() {
    if (next("(") != 0) {
      Expression inside = sum();
      require(')');
      return inside;
    }
    skipSpace();
    for (String extreme : List.of("min(", "max(")) {
      if (text.startsWith(extreme, at)) {
        at += extreme.length();
        Expression left = sum();
        require(',');
        Expression right = sum();
        require(')');
        return new Expression.Extreme(extreme.equals("max("), left, right);
      }
    }
    if (at < text.length() && Character.isDigit(text.charAt(at))) {
      return number();
    }
    return figure();
  }

  private Expression number() {
    int start = at;
    while (at < text.length() && (Character.isDigit(text.charAt(at)) || text.charAt(at) == '.')) {
      at++;
    }
    double value;
    try {
      value = Double.parseDouble(text.substring(start, at));
    } catch (NumberFormatException e) {
      at = start;
      throw expected("a number");
    }
    int unit = at;
    while (at < text.length() && Character.isLetter(text.charAt(at))) {
      at++;
    }
    return switch (text.substring(unit, at)) {
      case "" -> new Expression.Number(value);
      case "ms" -> new Expression.Number(value);
      case "s" -> new Expression.Number(value * 1_000);
      case "m" -> new Expression.Number(value * 60_000);
      default -> {
        at = unit;
        throw expected("no unit, ms, s or m");
      }
    };
  }

  private Expression figure() {
    int start = at;
    while (at < text.length()
        && (Character.isLetterOrDigit(text.charAt(at)) || "._-".indexOf(text.charAt(at)) >= 0)) {
      at++;
    }
    if (at == start || !Character.isLetter(text.charAt(start))) {
      at = start;
      throw expected("a number, a duration, a figure or \"(\"");
    }
    if (at < text.length() && text.charAt(at) == '{') {
      int end = text.indexOf('}', at);
      if (end < 0) {
        throw expected("\"}\" at the end of the labels");
      }
      at = end + 1;
    }
    return new Expression.Figure(text.substring(start, at));
  }

  private boolean word(String word) {
    skipSpace();
    if (text.startsWith(word, at)
        && (at + word.length() == text.length()
            || Character.isWhitespace(text.charAt(at + word.length())))) {
      at += word.length();
      return true;
    }
    return false;
  }

  /** Takes the next character if it is one of {@code any}; 0 otherwise. */
  private char next(String any) {
    skipSpace();
    if (at < text.length() && any.indexOf(text.charAt(at)) >= 0) {
      return text.charAt(at++);
    }
    return 0;
  }

  private void require(char wanted) {
    if (next(String.valueOf(wanted)) == 0) {
      throw expected("\"" + wanted + "\"");
    }
  }

  private void skipSpace() {
    while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
      at++;
    }
  }

  private IllegalArgumentException expected(String what) {
    String found =
        at >= text.length()
            ? "the end"
            : "\"" + text.substring(at, Math.min(at + 12, text.length())) + "\"";
    return new IllegalArgumentException(
        "condition \""
            + text
            + "\", character "
            + (at + 1)
            + ": found "
            + found
            + " (expected: "
            + what
            + ")");
  }
}
