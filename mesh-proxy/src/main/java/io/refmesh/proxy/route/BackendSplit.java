package io.refmesh.proxy.route;

import io.refmesh.proxy.http.Exchange;
import io.refmesh.proxy.http.HttpService;
import io.refmesh.proxy.http.Reply;
import java.util.List;
import java.util.random.RandomGenerator;

/** Divides tries among the backends of a rule by weight; weight 0 gets none. */
public final class BackendSplit implements HttpService {

  /**
   * @param weight at least 0
   */
  public record Share(HttpService service, int weight) {}

  private final HttpService[] services;
  private final long[] upTo;
  private final RandomGenerator random;

  /**
   * @param shares at least one of them of a weight above 0
   * @param random used from every event loop
   */
  public BackendSplit(List<Share> shares, RandomGenerator random) {
    List<Share> weighing = shares.stream().filter(share -> share.weight > 0).toList();
    if (weighing.isEmpty()) {
      throw new IllegalArgumentException("shares: all weigh 0 (expected: one above 0)");
    }
    this.random = random;
    services = weighing.stream().map(Share::service).toArray(HttpService[]::new);
    upTo = new long[services.length];
    long sum = 0;
    for (int i = 0; i < upTo.length; i++) {
      sum += weighing.get(i).weight;
      upTo[i] = sum;
    }
  }

  @Override
  public void handle(Exchange exchange, Reply reply) {
    long at = upTo.length == 1 ? 0 : random.nextLong(upTo[upTo.length - 1]);
    int share = 0;
    while (at >= upTo[share]) {
      share++;
    }
    services[share].handle(exchange, reply);
  }
}
