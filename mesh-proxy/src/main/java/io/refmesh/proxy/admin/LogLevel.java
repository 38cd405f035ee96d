package io.refmesh.proxy.admin;

import java.util.Arrays;
import java.util.Locale;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;

/** How much the proxy logs, in the words of operators. */
public enum LogLevel {
  OFF(Level.OFF),
  ERROR(Level.SEVERE),
  WARN(Level.WARNING),
  INFO(Level.INFO),
  DEBUG(Level.FINE),
  TRACE(Level.FINEST);

  /** Held, because the registry of loggers holds them weakly and forgets the level with them. */
  private static final Logger REFMESH = Logger.getLogger("io.refmesh");

  private static final Logger ROOT = Logger.getLogger("");

  // A constant of JUL.
  @SuppressWarnings("ImmutableEnumChecker")
  private final Level level;

  LogLevel(Level level) {
    this.level = level;
  }

  /** As written by operators. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Reads what {@link #text} writes, or throws with what was expected. */
  public static LogLevel parse(String text) {
    for (LogLevel value : values()) {
      if (value.text().equals(text.toLowerCase(Locale.ROOT))) {
        return value;
      }
    }
    throw new IllegalArgumentException(
        "log level: "
            + text
            + " (expected: "
            + Arrays.stream(values()).map(LogLevel::text).collect(Collectors.joining(", "))
            + ")");
  }

  /** The level in force. */
  public static LogLevel current() {
    Level level = REFMESH.getLevel();
    for (LogLevel value : values()) {
      if (value.level.equals(level)) {
        return value;
      }
    }
    return INFO;
  }

  /** Puts the level in force for everything of the proxy; libraries keep theirs. */
  public void apply() {
    REFMESH.setLevel(level);
    for (Handler handler : ROOT.getHandlers()) {
      if (handler.getLevel().intValue() > level.intValue()) {
        handler.setLevel(level);
      }
    }
  }
}
