package io.refmesh.chaos.run;

import java.time.Duration;

/** Where a person follows one scenario. */
interface Screen {

  void act(String name);

  void window(String name, Duration length);

  /** Called a few times a second while a window lasts. */
  void tick(String window);

  void say(String line);
}
