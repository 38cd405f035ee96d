package io.refmesh.control.inject;

import java.util.List;

/**
 * Who is told what was decided about objects: metrics, and events beside the objects. Called on
 * threads of requests, so it must not wait; not called for a dry run.
 */
public interface AdmissionEvents {

  /**
   * What an event is about: the pod's owner where it has one, since the pod has no name yet.
   *
   * @param uid empty when it is not known
   */
  record Subject(String namespace, String apiVersion, String kind, String name, String uid) {}

  void injected(Subject subject);

  void skipped(Subject subject, Injection.Reason reason, String message);

  /** A pod or resource was refused. */
  void refused(Subject subject, List<String> problems);

  /** A resource is right. */
  void accepted(Subject subject);

  /**
   * A mistake of ours: the object was let through as it is.
   *
   * @param path of the webhook
   */
  void failed(String path, Throwable cause);
}
