package io.refmesh.shop.serve;

import io.netty.handler.codec.http.HttpHeaders;
import io.refmesh.shop.record.Effect;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A request whose body has arrived.
 *
 * @param id empty without one
 * @param wildcards what stood for each {@code *} of the route's pattern
 * @param body the body itself on routes that pass it on, else empty
 * @param effect what the request did to the ledger, null when it has none
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared, never changed.
public record Ask(
    String method,
    String path,
    Map<String, List<String>> query,
    List<String> wildcards,
    HttpHeaders headers,
    String httpVersion,
    String peer,
    String id,
    long bodyBytes,
    String bodySha256,
    byte[] body,
    @Nullable Effect effect) {

  /**
   * The value of a query parameter as a whole number in the range, {@code otherwise} when it is not
   * given.
   */
  long number(String parameter, long min, long max, long otherwise) throws BadAsk {
    List<String> values = query.get(parameter);
    return values == null ? otherwise : BadAsk.number(parameter, values.getFirst(), min, max);
  }
}
