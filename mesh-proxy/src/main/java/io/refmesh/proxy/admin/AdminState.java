package io.refmesh.proxy.admin;

import java.time.Instant;
import java.util.List;

/** What the admin port asks the proxy for. Called on the admin loop. */
public interface AdminState {

  /** Why the proxy cannot take traffic now, a line each; empty when it can. */
  List<String> notReady();

  ConfigDump config();

  /**
   * What the flight recorder keeps, a JSON object a line.
   *
   * @param since what ended before is left out
   */
  String recorder(Instant since, boolean errorsOnly);

  /** For spans of time that end now. */
  Instant now();

  /** Begins to drain, as on SIGTERM; returns at once. Again: does nothing. */
  void drain();
}
