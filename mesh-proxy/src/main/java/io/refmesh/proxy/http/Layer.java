package io.refmesh.proxy.http;

/**
 * Puts one behaviour in front of {@code next}. A layer that a route does not need is left out of
 * its stack.
 */
public interface Layer {

  HttpService wrap(HttpService next);
}
