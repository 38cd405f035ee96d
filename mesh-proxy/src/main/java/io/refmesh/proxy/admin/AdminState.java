package io.refmesh.proxy.admin;

import java.util.List;

/** What the admin port asks the proxy for. Called on the admin loop. */
public interface AdminState {

  /** Why the proxy cannot take traffic now, a line each; empty when it can. */
  List<String> notReady();

  ConfigDump config();

  /** Begins to drain, as on SIGTERM; returns at once. Again: does nothing. */
  void drain();
}
