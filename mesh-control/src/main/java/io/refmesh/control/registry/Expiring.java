package io.refmesh.control.registry;

import java.time.Duration;

/** An object that ends by itself, and stays as an object without effect. */
public interface Expiring {

  /**
   * Counted from when the object was last changed, where an API server knows that, else from when
   * this content was first seen.
   */
  Duration expiresAfter();

  Metadata metadata();

  /**
   * What the object says and is called, without where it stands: the same text for the same content
   * in every process.
   */
  String content();
}
