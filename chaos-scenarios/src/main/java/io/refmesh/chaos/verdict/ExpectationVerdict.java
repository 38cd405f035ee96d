package io.refmesh.chaos.verdict;

/**
 * One expectation.
 *
 * @param says what it means, a sentence for people
 * @param window which part of the run it looks at, such as {@code during}
 * @param observed the measured figure with its unit, and the facts behind it
 * @param expected the condition, with the statistical tolerance where there is one
 */
public record ExpectationVerdict(
    String id, String says, String window, Result result, String observed, String expected) {}
