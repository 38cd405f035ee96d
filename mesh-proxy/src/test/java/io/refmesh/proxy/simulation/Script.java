package io.refmesh.proxy.simulation;

/** What the programs at both ends ask of the world around them. */
public interface Script {

  /** The next request, over HTTP/2 or 1.1, or null when there is to be none for now. */
  @org.jspecify.annotations.Nullable
  Call next(boolean http2);

  /** The request of this path, or null when nobody has sent such. */
  @org.jspecify.annotations.Nullable
  Call of(String path);

  /** The same for connections that are not HTTP. */
  @org.jspecify.annotations.Nullable
  Call nextOpaque();

  /**
   * The call of this number on a connection that is not HTTP, or null when nobody has made such.
   */
  @org.jspecify.annotations.Nullable
  Call ofOpaque(int number);

  /** What an application does with a request that has arrived. */
  Deed deed(int replica);

  /** What a client does with its next request. */
  Habit habit();

  /** The longest pause between two requests of a client. */
  int thinkMillis();

  /** A number from 0 up to, and without, the bound. */
  int draw(int bound);

  /** What must not be; the run fails with it. */
  void problem(String what, Object... about);

  void note(String what, Object... about);

  enum Deed {
    ANSWER,
    ANSWER_LATE,
    ANSWER_IN_PARTS,
    ANSWER_AND_CLOSE,
    ANSWER_EARLY,
    FAIL,
    HANG,
    RESET_AT_ONCE,
    RESET_AFTER_BODY,
    RESET_IN_ANSWER,
    END_IN_ANSWER,
    READ_SLOWLY,
    /** HTTP/2: the stream only, and nothing is done; HTTP/1.1 has no word for it and answers. */
    REFUSE_STREAM,
    /** HTTP/2: GOAWAY, after which what has begun is still answered; HTTP/1.1 answers. */
    GO_AWAY
  }

  enum Habit {
    PATIENT,
    CANCEL,
    LEAVE_IN_BODY,
    READ_SLOWLY,
    SEND_SLOWLY
  }
}
