package io.refmesh.control.registry;

/**
 * Something in what a user wrote that does not hold, told so that it can be corrected: what was
 * found, what was expected, what to do.
 *
 * @param file name of the file, empty when the problem is not in a file
 * @param line first is 1; 0 when unknown
 * @param column first is 1; 0 when unknown
 * @param object {@code Kind namespace/name}; the file's name when it has no readable object
 * @param field path from the top of the object, such as {@code spec.retry.attempts}; empty for the
 *     object as a whole
 */
public record Problem(
    String file, int line, int column, String object, String field, String message)
    implements Comparable<Problem> {

  @Override
  public int compareTo(Problem other) {
    int order = file.compareTo(other.file);
    if (order == 0) {
      order = Integer.compare(line, other.line);
    }
    if (order == 0) {
      order = Integer.compare(column, other.column);
    }
    if (order == 0) {
      order = object.compareTo(other.object);
    }
    if (order == 0) {
      order = field.compareTo(other.field);
    }
    return order != 0 ? order : message.compareTo(other.message);
  }

  /**
   * {@code cart.yaml:12:5: ResiliencePolicy shop/cart: spec.retry.attempts: two (expected: …)}, as
   * compilers write it.
   */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    if (!file.isEmpty()) {
      text.append(file);
      if (line > 0) {
        text.append(':').append(line).append(':').append(column);
      }
      text.append(": ");
    }
    if (!object.isEmpty() && !object.equals(file)) {
      text.append(object).append(": ");
    }
    if (!field.isEmpty()) {
      text.append(field).append(": ");
    }
    return text.append(message).toString();
  }
}
