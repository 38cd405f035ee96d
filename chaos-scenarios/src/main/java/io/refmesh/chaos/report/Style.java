package io.refmesh.chaos.report;

import io.refmesh.chaos.verdict.Result;

/** Colours of a terminal, or none. */
record Style(boolean coloured) {

  private static final String RESET = "\u001b[0m";

  String result(Result result) {
    String word = result.name();
    return switch (result) {
      case PASSED -> good(word);
      case FAILED, ABORTED -> bad(word);
      case SKIPPED -> dim(word);
    };
  }

  String good(String text) {
    return in("\u001b[32m", text);
  }

  String bad(String text) {
    return in("\u001b[1;31m", text);
  }

  String bold(String text) {
    return in("\u001b[1m", text);
  }

  String dim(String text) {
    return in("\u001b[2m", text);
  }

  private String in(String code, String text) {
    return coloured ? code + text + RESET : text;
  }
}
