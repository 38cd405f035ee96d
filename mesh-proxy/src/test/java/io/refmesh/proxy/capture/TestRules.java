package io.refmesh.proxy.capture;

import io.refmesh.testkit.TestNetwork.Namespace;
import java.util.List;

/**
 * Rules for tests whose sidecar lives in the JVM of the test, which is root: the init program would
 * refuse to let root's connections pass.
 */
public final class TestRules {

  private TestRules() {}

  /** Writes them with the first tool that is installed. */
  public static void write(Namespace namespace, int proxyUid) throws Exception {
    namespace.call(() -> {
      Backend backend = new Capture(new Programs.OfTheMachine()).choose("auto");
      backend.write(new CaptureRules(proxyUid, 4143, 4140, List.of(), List.of(), true));
      return backend;
    });
  }
}
