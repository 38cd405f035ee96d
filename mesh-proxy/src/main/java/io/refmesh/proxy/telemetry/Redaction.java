package io.refmesh.proxy.telemetry;

import java.util.Collection;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/**
 * What must not be told of a request: values of some query parameters and fields. What is redacted
 * reads {@value #MARK}. Immutable.
 */
public final class Redaction {

  /** Stands in the place of what is not told. */
  public static final String MARK = "REDACTED";

  /** In the place of names: all of them. */
  public static final String ALL = "*";

  /** Told never, whatever is configured: credentials by definition. */
  private static final Set<String> SECRET_FIELDS =
      Set.of("authorization", "proxy-authorization", "cookie", "set-cookie");

  private final Set<String> parameters;
  private final Set<String> fields;

  /**
   * @param parameters names of query parameters, whatever their case; {@value #ALL} for all
   * @param fields names of fields beyond those that are never told; {@value #ALL} for all
   */
  public Redaction(Set<String> parameters, Set<String> fields) {
    this.parameters = lower(parameters);
    this.fields = lower(fields);
  }

  /** This, and more fields. */
  public Redaction and(Collection<String> moreFields) {
    Set<String> all = new TreeSet<>(fields);
    all.addAll(moreFields);
    return new Redaction(parameters, all);
  }

  /** The path with its query, values redacted; the same object when there is nothing to redact. */
  public String path(String path) {
    int query = path.indexOf('?');
    if (query < 0 || query + 1 == path.length()) {
      return path;
    }
    StringBuilder told = null;
    int at = query + 1;
    int copied = 0;
    while (at < path.length()) {
      int end = path.indexOf('&', at);
      if (end < 0) {
        end = path.length();
      }
      int equals = path.indexOf('=', at);
      if (equals >= 0 && equals < end && secretParameter(path.substring(at, equals))) {
        told = told == null ? new StringBuilder(path.length()) : told;
        told.append(path, copied, equals + 1).append(MARK);
        copied = end;
      }
      at = end + 1;
    }
    return told == null ? path : told.append(path, copied, path.length()).toString();
  }

  /** The value of a field as it may be told. */
  public String field(String name, String value) {
    String lower = name.toLowerCase(Locale.ROOT);
    return SECRET_FIELDS.contains(lower) || fields.contains(ALL) || fields.contains(lower)
        ? MARK
        : value;
  }

  private boolean secretParameter(String name) {
    // An encoded name could be any name.
    return parameters.contains(ALL)
        || name.indexOf('%') >= 0
        || parameters.contains(name.toLowerCase(Locale.ROOT));
  }

  private static Set<String> lower(Set<String> names) {
    Set<String> lower = new TreeSet<>();
    names.forEach(name -> lower.add(name.toLowerCase(Locale.ROOT)));
    return lower;
  }
}
