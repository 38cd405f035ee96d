package io.refmesh.local;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * Calls one address at a steady rate, whatever becomes of the calls before, and remembers what each
 * ended with. Moments are those of {@link System#nanoTime}.
 */
final class SteadyCalls implements AutoCloseable {

  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final String GOOD = "200";

  /**
   * @param outcome status, or why there is none
   */
  record Call(long sent, long ended, String outcome) {
    boolean good() {
      return outcome.equals(GOOD);
    }
  }

  private final HttpClient client =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(TIMEOUT)
          .executor(Executors.newVirtualThreadPerTaskExecutor())
          .build();
  private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
  private final Queue<Call> calls = new ConcurrentLinkedQueue<>();
  private final AtomicInteger open = new AtomicInteger();
  private final HttpRequest request;

  SteadyCalls(String url, Duration every) {
    request = HttpRequest.newBuilder(URI.create(url)).timeout(TIMEOUT).build();
    clock.scheduleAtFixedRate(this::call, 0, every.toNanos(), TimeUnit.NANOSECONDS);
  }

  private void call() {
    long sent = System.nanoTime();
    open.incrementAndGet();
    client
        .sendAsync(request, HttpResponse.BodyHandlers.discarding())
        .whenComplete((answer, failure) -> {
          String outcome = failure == null ? "" + answer.statusCode() : "" + failure.getMessage();
          calls.add(new Call(sent, System.nanoTime(), outcome));
          open.decrementAndGet();
        });
  }

  /** Those that have ended. */
  Stream<Call> calls() {
    return calls.stream();
  }

  List<Call> failures() {
    return calls().filter(call -> !call.good()).toList();
  }

  /** How many succeeded since the last that did not. */
  long goodInARow() {
    return calls().reduce(0L, (row, call) -> call.good() ? row + 1 : 0L, Long::sum);
  }

  /** Of those that ended in between, the longest time in which none succeeded. */
  Duration longestGap(long from, long to) {
    long[] moments =
        LongStream.concat(
                LongStream.of(from, to),
                calls()
                    .filter(Call::good)
                    .mapToLong(Call::ended)
                    .filter(ended -> ended - from > 0 && to - ended > 0))
            .sorted()
            .toArray();
    long longest = 0;
    for (int i = 1; i < moments.length; i++) {
      longest = Math.max(longest, moments[i] - moments[i - 1]);
    }
    return Duration.ofNanos(longest);
  }

  /** Sends no more and waits for the answers of those that were sent. */
  @Override
  public void close() {
    clock.close();
    while (open.get() > 0) {
      Thread.onSpinWait();
    }
    client.close();
  }
}
