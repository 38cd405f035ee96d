package io.refmesh.control.inject;

/** Labels and annotations of namespaces. */
public interface Namespaces {

  /**
   * The namespace as it is now. One that is not known yet is asked for: a pod may come right behind
   * its namespace, and must not run unprotected because of it.
   *
   * @throws Exception when it cannot be told
   */
  PodNamespace get(String name) throws Exception;
}
