package io.refmesh.proxy.http;

/**
 * The way back, on the exchange's event loop: informational heads, one final head, then done
 * exactly once.
 *
 * <p>Done without a final head means that the caller gets an answer made from the outcome ({@link
 * ErrorResponses}). Done after the final head comes when the body has ended, been cut or been given
 * up; the body itself travels in {@link ResponseHead#body()} and has ended or failed before done is
 * called.
 */
public interface Reply {

  void head(ResponseHead head);

  void done(Outcome outcome);
}
