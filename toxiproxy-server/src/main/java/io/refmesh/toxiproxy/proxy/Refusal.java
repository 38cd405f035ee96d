package io.refmesh.toxiproxy.proxy;

/**
 * Something asked for that cannot be done: the HTTP status and the text that Toxiproxy's clients
 * know it by.
 */
public final class Refusal extends Exception {
  private static final long serialVersionUID = 1;

  private final int status;

  private Refusal(int status, String message) {
    super(message, null, false, false);
    this.status = status;
  }

  public int status() {
    return status;
  }

  public String text() {
    return String.valueOf(getMessage());
  }

  public static Refusal badBody(String why) {
    return new Refusal(400, "bad request body: " + why);
  }

  public static Refusal missingField(String field) {
    return new Refusal(400, "missing required field: " + field);
  }

  public static Refusal badStream() {
    return new Refusal(400, "stream was invalid, can be either upstream or downstream");
  }

  public static Refusal badToxicType() {
    return new Refusal(400, "invalid toxic type");
  }

  public static Refusal badAttributes(IllegalArgumentException why) {
    return new Refusal(400, String.valueOf(why.getMessage()));
  }

  public static Refusal badLinks(String found) {
    return new Refusal(400, "links was \"" + found + "\", can only be existing");
  }

  public static Refusal proxyNotFound() {
    return new Refusal(404, "proxy not found");
  }

  public static Refusal toxicNotFound() {
    return new Refusal(404, "toxic not found");
  }

  public static Refusal proxyExists() {
    return new Refusal(409, "proxy already exists");
  }

  public static Refusal toxicExists() {
    return new Refusal(409, "toxic already exists");
  }

  /** An address that cannot be understood, resolved or listened on. */
  public static Refusal badAddress(String text) {
    return new Refusal(500, text);
  }

  /** The data loops did not confirm a change; they are stuck or the machine is. */
  public static Refusal unconfirmed(String what) {
    return new Refusal(
        503, what + " was not confirmed by all connections; ask again to see what holds");
  }
}
