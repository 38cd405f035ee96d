package io.refmesh.cli.install;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A manifest with values in it, written in the small part of Helm's language that the manifests
 * need: {@code {{ .Values.name }}}, {@code {{ .Chart.AppVersion }}}, {@code | quote}, and lines
 * {@code {{- if .Values.name }}}, {@code {{- if ne .Values.name "text" }}} and {@code {{- end }}}.
 */
final class Template {

  private static final String NAME = "\\.Values\\.([A-Za-z]+(?:\\.[A-Za-z]+)*)";
  private static final Pattern VALUE = Pattern.compile("\\{\\{ " + NAME + "( \\| quote)? \\}\\}");
  private static final Pattern IF = Pattern.compile("\\{\\{- if " + NAME + " \\}\\}");
  private static final Pattern IF_NOT =
      Pattern.compile("\\{\\{- if ne " + NAME + " \"([^\"]*)\" \\}\\}");
  private static final String END = "{{- end }}";
  private static final String VERSION = "{{ .Chart.AppVersion | quote }}";

  private Template() {}

  static String render(String text, Values values, String version) {
    StringBuilder rendered = new StringBuilder();
    Deque<Boolean> shown = new ArrayDeque<>();
    for (String line : text.lines().toList()) {
      Matcher condition = IF.matcher(line);
      Matcher difference = IF_NOT.matcher(line);
      if (condition.matches()) {
        shown.push(values.truth(condition.group(1)));
      } else if (difference.matches()) {
        shown.push(!values.text(difference.group(1)).equals(difference.group(2)));
      } else if (line.equals(END)) {
        if (shown.isEmpty()) {
          throw new IllegalStateException("a manifest ends a condition that it did not begin");
        }
        shown.pop();
      } else if (!shown.contains(false)) {
        rendered.append(filled(line.replace(VERSION, '"' + version + '"'), values)).append('\n');
      }
    }
    if (!shown.isEmpty()) {
      throw new IllegalStateException("a manifest does not end a condition");
    }
    return rendered.toString();
  }

  private static String filled(String line, Values values) {
    String filled =
        VALUE
            .matcher(line)
            .replaceAll(found -> {
              String value = values.text(found.group(1));
              // No rule lets a quote or a backslash through.
              return Matcher.quoteReplacement(found.group(2) == null ? value : '"' + value + '"');
            });
    if (filled.contains("{{")) {
      throw new IllegalStateException("a manifest says what is not understood: " + line.strip());
    }
    return filled;
  }
}
