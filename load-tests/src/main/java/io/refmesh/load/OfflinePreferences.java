package io.refmesh.load;

import java.util.prefs.AbstractPreferences;
import java.util.prefs.Preferences;
import java.util.prefs.PreferencesFactory;
import org.jspecify.annotations.Nullable;

/**
 * Preferences that are empty, keep nothing and touch no file. Gatling looks in them for the time
 * when it last asked Maven Central for its newest release, and asks again when that is long ago;
 * here it was just now. Public because the JDK makes it by name, from {@code
 * java.util.prefs.PreferencesFactory}.
 */
public final class OfflinePreferences implements PreferencesFactory {

  /** Called by the JDK. */
  public OfflinePreferences() {}

  @Override
  public Preferences systemRoot() {
    return new Node(null, "");
  }

  @Override
  public Preferences userRoot() {
    return new Node(null, "");
  }

  /** A node of the tree, the same everywhere. */
  private static final class Node extends AbstractPreferences {

    Node(@Nullable AbstractPreferences parent, String name) {
      super(parent, name);
    }

    @Override
    protected @Nullable String getSpi(String key) {
      // Far in the future, and short of where a difference of two times would overflow.
      return key.equals("lastCheckTimestamp") ? Long.toString(Long.MAX_VALUE / 2) : null;
    }

    @Override
    protected AbstractPreferences childSpi(String name) {
      return new Node(this, name);
    }

    @Override
    protected void putSpi(String key, String value) {}

    @Override
    protected void removeSpi(String key) {}

    @Override
    protected void removeNodeSpi() {}

    @Override
    protected String[] keysSpi() {
      return new String[0];
    }

    @Override
    protected String[] childrenNamesSpi() {
      return new String[0];
    }

    @Override
    protected void syncSpi() {}

    @Override
    protected void flushSpi() {}
  }
}
