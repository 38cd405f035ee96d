package io.refmesh.model.route;

/** Host names of routes, which may begin with {@code *.}. */
public final class Hostnames {

  private Hostnames() {}

  /**
   * @param hostname of a route; {@code *.} stands for one label or more
   * @param name of a request or ClientHello, lower case, without port
   */
  public static boolean matches(String hostname, String name) {
    return hostname.startsWith("*.")
        ? name.length() > hostname.length() - 1
            && name.endsWith(hostname.substring(1))
            && name.charAt(0) != '.'
        : name.equals(hostname);
  }
}
