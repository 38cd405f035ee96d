package io.refmesh.proxy.capture;

import java.io.IOException;
import java.util.List;

/** Chooses a tool and has it write the rules; a second time nothing changes. */
final class Capture {

  /** What became of the rules. */
  enum Written {
    NEW,
    CHANGED,
    UNCHANGED
  }

  private final List<Backend> backends;

  Capture(Programs programs) {
    backends =
        List.of(new Nft(programs), new Iptables(programs, "nft"), new Iptables(programs, "legacy"));
  }

  /**
   * The one with this name; for {@code auto} the one that wrote rules of ours before, else the
   * first that is installed.
   *
   * @throws IOException when it is not installed, with what could be used
   */
  Backend choose(String name) throws IOException, InterruptedException {
    List<Backend> installed = backends.stream().filter(Backend::installed).toList();
    if (name.equals("auto")) {
      for (Backend backend : installed) {
        if (backend.present()) {
          return backend;
        }
      }
      if (installed.isEmpty()) {
        throw new IOException(
            "neither nft nor iptables is installed (expected: one of them, to write the rules)");
      }
      return installed.getFirst();
    }
    return installed.stream()
        .filter(backend -> backend.name().equals(name))
        .findFirst()
        .orElseThrow(() ->
            new IOException(
                name
                    + " is not installed (expected: one of "
                    + installed.stream().map(Backend::name).toList()
                    + ")"));
  }

  /** What would be written; also by a tool that is not there. */
  String text(String name, CaptureRules rules) throws IOException, InterruptedException {
    for (Backend backend : backends) {
      if (backend.name().equals(name)) {
        return backend.text(rules);
      }
    }
    return choose(name).text(rules);
  }

  Written write(Backend backend, CaptureRules rules) throws IOException, InterruptedException {
    boolean others = removeOthers(backend);
    if (backend.holds(rules)) {
      return others ? Written.CHANGED : Written.UNCHANGED;
    }
    boolean before = backend.present();
    backend.write(rules);
    if (!backend.present()) {
      throw new IOException(backend.name() + " took the rules, but they are not there");
    }
    return before || others ? Written.CHANGED : Written.NEW;
  }

  /** Names of the tools whose rules were taken away. */
  List<String> remove() throws IOException, InterruptedException {
    List<Backend> present = present();
    for (Backend backend : present) {
      backend.remove();
    }
    return present.stream().map(Backend::name).toList();
  }

  /** What an earlier run wrote by another tool would still be in force beside the new rules. */
  private boolean removeOthers(Backend chosen) throws IOException, InterruptedException {
    boolean removed = false;
    for (Backend backend : present()) {
      if (!backend.name().equals(chosen.name())) {
        backend.remove();
        removed = true;
      }
    }
    return removed;
  }

  private List<Backend> present() throws IOException, InterruptedException {
    List<Backend> present = new java.util.ArrayList<>();
    for (Backend backend : backends) {
      if (backend.installed() && backend.present()) {
        present.add(backend);
      }
    }
    return present;
  }
}
