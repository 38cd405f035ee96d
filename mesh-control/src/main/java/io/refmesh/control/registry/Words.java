package io.refmesh.control.registry;

import java.util.Arrays;
import java.util.Collection;
import java.util.Optional;

/** Words for messages: what a mistyped name was meant to be, lists of alternatives. */
final class Words {

  private static final int SHOWN_CHARACTERS = 60;

  private Words() {}

  static String alternatives(String... words) {
    if (words.length == 1) {
      return words[0];
    }
    return String.join(", ", Arrays.asList(words).subList(0, words.length - 1))
        + " or "
        + words[words.length - 1];
  }

  static String shortened(String text) {
    return text.length() <= SHOWN_CHARACTERS ? text : text.substring(0, SHOWN_CHARACTERS) + "…";
  }

  /** The known word that a typing mistake away from {@code word}; empty when none is near. */
  static Optional<String> closest(String word, Collection<String> known) {
    return known.stream()
        .filter(candidate -> distance(word, candidate) <= Math.max(1, word.length() / 3))
        .min((a, b) -> Integer.compare(distance(word, a), distance(word, b)));
  }

  // Levenshtein's distance, one row at a time; the texts are names of fields, so short.
  private static int distance(String a, String b) {
    if (a.length() > SHOWN_CHARACTERS || b.length() > SHOWN_CHARACTERS) {
      return Integer.MAX_VALUE;
    }
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int substitution = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(substitution, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[b.length()];
  }
}
