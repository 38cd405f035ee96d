package io.refmesh.load;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * What {@code summary.json} says: requests planned, started and on record, by stream and outcome.
 */
record Summary(
    long seed,
    long loadStartedEpochMillis,
    long loadFinishedEpochMillis,
    boolean stoppedEarly,
    long dropped,
    List<StreamSummary> streams) {

  /** The counts of one stream. */
  record StreamSummary(String id, long planned, long started, Map<Outcome, Long> outcomes) {

    long recorded() {
      return outcomes.values().stream().mapToLong(Long::longValue).sum();
    }
  }

  static Summary of(
      LoadPlan plan,
      List<StreamLoad> streams,
      Recorder recorder,
      long startedMillis,
      long finishedMillis,
      boolean stoppedEarly) {
    List<StreamSummary> summaries = new ArrayList<>();
    for (StreamLoad stream : streams) {
      Map<Outcome, Long> outcomes = new LinkedHashMap<>();
      for (Outcome outcome : Outcome.values()) {
        outcomes.put(outcome, recorder.recorded(stream.plan().id(), outcome));
      }
      summaries.add(
          new StreamSummary(
              stream.plan().id(), stream.plan().requestsPlanned(), stream.started(), outcomes));
    }
    return new Summary(
        plan.seed(), startedMillis, finishedMillis, stoppedEarly, recorder.dropped(), summaries);
  }

  long planned() {
    return streams.stream().mapToLong(StreamSummary::planned).sum();
  }

  long started() {
    return streams.stream().mapToLong(StreamSummary::started).sum();
  }

  long recorded() {
    return streams.stream().mapToLong(StreamSummary::recorded).sum();
  }

  long count(Outcome outcome) {
    return streams.stream().mapToLong(stream -> stream.outcomes().getOrDefault(outcome, 0L)).sum();
  }

  String json() {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("seed", seed);
    all.put("loadStartedEpochMillis", loadStartedEpochMillis);
    all.put("loadFinishedEpochMillis", loadFinishedEpochMillis);
    all.put("stoppedEarly", stoppedEarly);
    all.put("planned", planned());
    all.put("started", started());
    all.put("recorded", recorded());
    all.put("dropped", dropped);
    all.put("streams", streams.stream().map(Summary::fields).toList());
    return JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(all) + "\n";
  }

  private static Map<String, Object> fields(StreamSummary stream) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("id", stream.id());
    fields.put("planned", stream.planned());
    fields.put("started", stream.started());
    fields.put("recorded", stream.recorded());
    Map<String, Long> outcomes = new LinkedHashMap<>();
    stream.outcomes().forEach((outcome, count) -> outcomes.put(outcome.word(), count));
    fields.put("outcomes", outcomes);
    return fields;
  }
}
