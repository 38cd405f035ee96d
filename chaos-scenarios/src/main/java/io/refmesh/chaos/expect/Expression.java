package io.refmesh.chaos.expect;

import java.util.Set;
import java.util.TreeSet;

/**
 * A condition or a sum as a scenario writes it.
 *
 * <pre>
 * condition  = comparison { ("and" | "or") comparison }          left to right, "and" binds tighter
 * comparison = sum ("==" | "!=" | "&lt;=" | "&lt;" | "&gt;=" | "&gt;") sum
 * sum        = product { ("+" | "-") product }
 * product    = atom { ("*" | "/") atom }
 * atom       = number | duration | figure | "(" sum ")" | ("min" | "max") "(" sum "," sum ")"
 * </pre>
 *
 * A duration ({@code 600ms}, {@code 3s}) is its milliseconds. A figure is a dotted name, with
 * labels in braces where it is a metric.
 */
public sealed interface Expression {

  record Number(double value) implements Expression {}

  record Figure(String name) implements Expression {}

  record Arithmetic(char operator, Expression left, Expression right) implements Expression {}

  /** The smaller or the larger of two. */
  record Extreme(boolean larger, Expression left, Expression right) implements Expression {}

  record Comparison(String operator, Expression left, Expression right) implements Expression {}

  record Both(Expression left, Expression right) implements Expression {}

  record Either(Expression left, Expression right) implements Expression {}

  /**
   * Reads a condition, or throws {@link IllegalArgumentException} with the place and what was
   * expected there.
   */
  static Expression parseCondition(String text) {
    return new ExpressionParser(text).condition();
  }

  /** The names of all figures in it, in alphabetical order. */
  default Set<String> figures() {
    Set<String> names = new TreeSet<>();
    collect(this, names);
    return names;
  }

  /** Its value; the truth of a condition is 1 or 0. */
  default double value(Figures figures) {
    return switch (this) {
      case Number(double value) -> value;
      case Figure(String name) ->
          figures
              .figure(name)
              .orElseThrow(
                  () -> new UnknownFigureException("nothing was measured under the name " + name));
      case Arithmetic(char operator, Expression left, Expression right) ->
          compute(operator, left.value(figures), right.value(figures));
      case Extreme(boolean larger, Expression left, Expression right) ->
          larger
              ? Math.max(left.value(figures), right.value(figures))
              : Math.min(left.value(figures), right.value(figures));
      case Comparison(String operator, Expression left, Expression right) ->
          compare(operator, left.value(figures), right.value(figures)) ? 1 : 0;
      case Both(Expression left, Expression right) ->
          left.value(figures) != 0 & right.value(figures) != 0 ? 1 : 0;
      case Either(Expression left, Expression right) ->
          left.value(figures) != 0 | right.value(figures) != 0 ? 1 : 0;
    };
  }

  /** Whether the condition holds. */
  default boolean holds(Figures figures) {
    return value(figures) != 0;
  }

  private static double compute(char operator, double left, double right) {
    return switch (operator) {
      case '+' -> left + right;
      case '-' -> left - right;
      case '*' -> left * right;
      case '/' -> {
        if (right == 0) {
          throw new UnknownFigureException(
              "a division by zero: nothing was counted below the line");
        }
        yield left / right;
      }
      default ->
          throw new IllegalStateException(
              "operator " + operator + " was not refused by the parser");
    };
  }

  private static boolean compare(String operator, double left, double right) {
    return switch (operator) {
      case "==" -> left == right;
      case "!=" -> left != right;
      case "<" -> left < right;
      case "<=" -> left <= right;
      case ">" -> left > right;
      case ">=" -> left >= right;
      default ->
          throw new IllegalStateException(
              "operator " + operator + " was not refused by the parser");
    };
  }

  private static void collect(Expression expression, Set<String> names) {
    switch (expression) {
      case Number ignored -> {}
      case Figure(String name) -> names.add(name);
      case Arithmetic(char ignored, Expression left, Expression right) -> {
        collect(left, names);
        collect(right, names);
      }
      case Extreme(boolean ignored, Expression left, Expression right) -> {
        collect(left, names);
        collect(right, names);
      }
      case Comparison(String ignored, Expression left, Expression right) -> {
        collect(left, names);
        collect(right, names);
      }
      case Both(Expression left, Expression right) -> {
        collect(left, names);
        collect(right, names);
      }
      case Either(Expression left, Expression right) -> {
        collect(left, names);
        collect(right, names);
      }
    }
  }

  /** A figure was asked for that nobody measured: not known, so never a pass. */
  final class UnknownFigureException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UnknownFigureException(String message) {
      super(message);
    }
  }
}
