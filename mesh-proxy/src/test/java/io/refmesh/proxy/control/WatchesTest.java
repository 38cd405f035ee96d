package io.refmesh.proxy.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.model.wire.v1.WatchRequest;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class WatchesTest {

  private final List<WatchRequest> sent = new ArrayList<>();
  private boolean live = true;
  private final Watches<Integer, String> watches =
      new Watches<>(
          new Watches.Wire(sent::add, () -> live, Runnable::run),
          key -> WatchRequest.getDefaultInstance(),
          key -> WatchRequest.getDefaultInstance());

  @Test
  void tellsWhatWasSaidBeforeOnlyWhileTheControlPlaneIsAway() {
    List<String> told = new ArrayList<>();
    watches.watch(1, told::add).close();
    Watches<Integer, String>.Watcher first = watches.watch(1, told::add);
    watches.accept(1, "old");
    first.close();
    assertThat(watches.states()).as("nobody watches it").isEmpty();

    Watches<Integer, String>.Watcher second = watches.watch(1, told::add);
    assertThat(told).as("the control plane will say something newer").containsExactly("old");
    watches.accept(1, "new");
    second.close();
    live = false;
    watches.away();
    assertThat(told).containsExactly("old", "new");

    watches.watch(1, told::add);
    assertThat(told).containsExactly("old", "new", "new");
    assertThat(sent).as("asked for, and asked for no more").hasSize(7);
  }

  @Test
  void whoJoinsAnotherThatWaitsWaitsAsWell() {
    List<String> told = new ArrayList<>();
    Watches<Integer, String>.Watcher before = watches.watch(1, state -> {});
    watches.accept(1, "old");
    before.close();
    watches.watch(1, told::add);
    watches.watch(1, told::add);
    assertThat(told).as("the control plane will say something newer").isEmpty();
    watches.accept(1, "new");
    watches.watch(1, told::add);
    assertThat(told).containsExactly("new", "new", "new");
  }

  @Test
  void tellsWhoStillWaitsWhenTheControlPlaneGoesAway() {
    List<String> told = new ArrayList<>();
    Watches<Integer, String>.Watcher first = watches.watch(1, state -> {});
    watches.accept(1, "old");
    first.close();
    watches.watch(1, told::add);
    watches.watch(2, told::add);
    assertThat(told).isEmpty();

    live = false;
    watches.away();
    watches.away();

    assertThat(told).containsExactly("old");
  }

  @Test
  void remembersNoMoreThanItMay() {
    for (int key = 0; key <= Watches.REMEMBERED_MOST; key++) {
      Watches<Integer, String>.Watcher watcher = watches.watch(key, state -> {});
      watches.accept(key, "state of " + key);
      watcher.close();
    }
    live = false;
    List<String> told = new ArrayList<>();
    watches.watch(0, told::add);
    watches.watch(1, told::add);
    assertThat(told).containsExactly("state of 1");
    assertThat(watches.states()).hasSize(Watches.REMEMBERED_MOST);
  }
}
