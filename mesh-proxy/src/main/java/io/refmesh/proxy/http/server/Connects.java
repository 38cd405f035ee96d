package io.refmesh.proxy.http.server;

import io.refmesh.proxy.http.RequestHead;
import org.jspecify.annotations.Nullable;

/** Says what serves the bytes after a CONNECT whose caller knows that it talks to a proxy. */
public interface Connects {

  /** CONNECT is a request like others, and the server that it goes to decides. */
  Connects NOBODYS = connect -> null;

  /**
   * Null when the request is to be handled like any other; else what goes on with the connection:
   * run once the 200 is written and HTTP is out of the pipeline, just before what the caller sent
   * after its head comes. On the event loop of the connection.
   */
  @Nullable Runnable onward(RequestHead connect);
}
