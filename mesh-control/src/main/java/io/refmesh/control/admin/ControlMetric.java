package io.refmesh.control.admin;

/** Every metric of the control plane: name, and the sentence that says what it counts. */
public enum ControlMetric {
  PROXIES("control_proxies", "Proxies connected now."),
  RESOURCES("control_resources", "Objects in force, last good versions included."),
  PROBLEMS("control_problems", "Problems that `mesh status` shows now."),
  BUILDS("control_builds", "Times that configuration was built from the state."),
  BUILD_TIME("control_build_latency", "Time to build and publish all configuration."),
  SENT("control_versions_sent", "Versions sent to proxies."),
  ACKNOWLEDGED("control_versions_acknowledged", "Versions that proxies applied."),
  REFUSED("control_versions_refused", "Versions that proxies could not apply."),
  CERTIFICATES(
      "control_certificates",
      "Requests for certificates by result: issued, or the reason of the refusal."),
  CA_NOT_AFTER(
      "control_ca_not_after_seconds", "When the CA can sign no longer, in seconds since 1970."),
  ISSUER_CHANGES(
      "control_issuer_changes",
      "Changes of the issuer or the trust roots on a cluster by result: updated or refused."),
  ADMISSIONS(
      "control_admissions",
      "Pods and policies that webhooks judged, by what was decided and the reason."),
  LEADER("control_leader", "1 while this replica does what only one may, else 0."),
  REGISTRY_SILENCE(
      "control_registry_silence_seconds",
      "Since the API server last said something about a kind of object: a list, an event, or the"
          + " bookmark that comes each minute; above 90 its watch is begun anew."),
  REGISTRY_RECONNECTS(
      "control_registry_reconnects",
      "Lists and watches of a kind of object that failed, broke or stalled."),
  REGISTRY_LISTS(
      "control_registry_lists",
      "Times that all objects of a kind were read anew; once when all goes well."),
  STATUS_WRITES(
      "control_status_writes",
      "Writes of an object's status by result: written, conflict (it was changed in the meantime)"
          + " or failed."),
  FAILURES(
      "control_writer_failures",
      "Steps of the writer thread that failed unexpectedly; its log says why.");

  private final String metric;
  private final String sentence;

  ControlMetric(String metric, String sentence) {
    this.metric = metric;
    this.sentence = sentence;
  }

  public String metric() {
    return metric;
  }

  public String sentence() {
    return sentence;
  }
}
