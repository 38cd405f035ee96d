package io.refmesh.shop.serve;

/** A page about to be served: always comes to an answer. */
public record Serving(Page page, Ask ask) {
  private static final System.Logger LOG = System.getLogger(Serving.class.getName());

  public Answer answer() {
    try {
      return page.serve(ask);
    } catch (BadAsk e) {
      return Answer.error(400, String.valueOf(e.getMessage()));
    } catch (InterruptedException e) {
      // The client has left: nobody will see this answer.
      Thread.currentThread().interrupt();
      return Answer.error(503, "cancelled");
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, "page failed path=" + ask.path(), e);
      return Answer.error(500, "page failed: " + e);
    }
  }
}
