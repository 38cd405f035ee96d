package io.refmesh.proxy.admin;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

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

  /**
   * Connects to a port of the application, for a kubelet that would only reach this proxy there.
   *
   * @return done within a second: empty when the application took the connection, else why not
   */
  CompletionStage<Optional<String>> connects(int port);

  /** Begins to drain, as on SIGTERM; returns at once. Again: does nothing. */
  void drain();
}
