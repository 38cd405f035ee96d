package io.refmesh.control.kubernetes;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import tools.jackson.databind.JsonNode;

/** What is asked of an API server. Any thread. */
interface ClusterApi extends AutoCloseable {

  /** The kinds that the server has now, each in the version that is read. */
  List<Kind.Served> served() throws ApiFailure, InterruptedException;

  /**
   * One page of all objects of a kind.
   *
   * @param next where the page before said that it goes on; empty for the first
   */
  Page list(Kind.Served kind, String next) throws ApiFailure, InterruptedException;

  /** One object of a kind without namespaces, as it is now. */
  JsonNode get(Kind.Served kind, String name) throws ApiFailure, InterruptedException;

  /**
   * Starts to watch; returns at once.
   *
   * @param resourceVersion after which events are wanted
   */
  Watching watch(Kind.Served kind, String resourceVersion, Events events);

  /** Changes the status of one object by a JSON merge patch. */
  void patchStatus(Kind.Served kind, String namespace, String name, JsonNode patch)
      throws ApiFailure, InterruptedException;

  @Override
  void close();

  /**
   * @param resourceVersion the moment that the list shows
   * @param next empty for the last page
   */
  record Page(List<JsonNode> objects, String resourceVersion, String next) {}

  /** What a watch brings, in order, on a thread of the client, one call at a time. */
  interface Events {
    /** The server has taken the watch. */
    void opened();

    /**
     * @param type ADDED, MODIFIED, DELETED or BOOKMARK
     */
    void event(String type, JsonNode object);
  }

  /** A watch under way. */
  interface Watching extends AutoCloseable {
    /** Done when the server ends it; with an {@link ApiFailure} when it did not end well. */
    CompletableFuture<Void> ended();

    /** Cuts it; nothing comes afterwards but what is being told. */
    @Override
    void close();
  }
}
