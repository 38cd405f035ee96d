package io.refmesh.testkit.acceptance;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestWatcher;

/**
 * Writes what each test of an {@link Acceptance} case ended with, one line a test, to the file that
 * the property names; without the property it only checks that the cases exist. Lines are appended
 * whole, so modules that run one after the other share the file.
 */
final class AcceptanceRecord implements BeforeEachCallback, TestWatcher {

  /** The file to append to. */
  static final String PROPERTY = "acceptance.results";

  private static final Cases CASES = Cases.read();

  @Override
  public void beforeEach(ExtensionContext context) {
    for (int number : marked(context)) {
      if (CASES.find(number).isEmpty()) {
        throw new IllegalArgumentException(
            "@Acceptance(" + number + "): expected a number of " + Cases.RESOURCE);
      }
    }
  }

  @Override
  public void testSuccessful(ExtensionContext context) {
    write(context, TestResult.Ending.PASSED, "");
  }

  @Override
  public void testFailed(ExtensionContext context, @Nullable Throwable cause) {
    write(context, TestResult.Ending.FAILED, "");
  }

  @Override
  public void testAborted(ExtensionContext context, @Nullable Throwable cause) {
    write(context, TestResult.Ending.NOT_RUN, cause == null ? "" : "" + cause.getMessage());
  }

  @Override
  public void testDisabled(ExtensionContext context, Optional<String> reason) {
    write(context, TestResult.Ending.NOT_RUN, reason.orElse(""));
  }

  private static int[] marked(ExtensionContext context) {
    return context
        .getTestMethod()
        .map(method -> method.getAnnotation(Acceptance.class))
        .map(Acceptance::value)
        .orElse(new int[0]);
  }

  private static void write(ExtensionContext context, TestResult.Ending ending, String reason) {
    String file = System.getProperty(PROPERTY);
    if (file == null) {
      return;
    }
    StringBuilder lines = new StringBuilder();
    for (int number : marked(context)) {
      lines.append(
          new TestResult(
                  number,
                  context.getRequiredTestClass().getSimpleName(),
                  context.getRequiredTestMethod().getName(),
                  ending,
                  reason)
              .line());
    }
    try {
      Files.writeString(Path.of(file), lines, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
