package io.refmesh.toxiproxy.toxic;

import io.refmesh.toxiproxy.toxic.Attributes.Bandwidth;
import io.refmesh.toxiproxy.toxic.Attributes.Latency;
import io.refmesh.toxiproxy.toxic.Attributes.LimitData;
import io.refmesh.toxiproxy.toxic.Attributes.Noop;
import io.refmesh.toxiproxy.toxic.Attributes.ResetPeer;
import io.refmesh.toxiproxy.toxic.Attributes.Slicer;
import io.refmesh.toxiproxy.toxic.Attributes.SlowClose;
import io.refmesh.toxiproxy.toxic.Attributes.Timeout;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * A kind of toxic: its name on the wire, the names of its attributes in order, and what Go calls
 * their types.
 */
public enum ToxicType {
  NOOP("noop", "NoopToxic", "int64"),
  LATENCY("latency", "LatencyToxic", "int64", "latency", "jitter"),
  BANDWIDTH("bandwidth", "BandwidthToxic", "int64", "rate"),
  SLOW_CLOSE("slow_close", "SlowCloseToxic", "int64", "delay"),
  TIMEOUT("timeout", "TimeoutToxic", "int64", "timeout"),
  RESET_PEER("reset_peer", "ResetToxic", "int64", "timeout"),
  SLICER("slicer", "SlicerToxic", "int", "average_size", "size_variation", "delay"),
  LIMIT_DATA("limit_data", "LimitDataToxic", "int64", "bytes");

  private final String wireName;
  private final String goName;
  private final String goAttributeType;
  private final List<String> attributeNames;

  ToxicType(String wireName, String goName, String goAttributeType, String... attributeNames) {
    this.wireName = wireName;
    this.goName = goName;
    this.goAttributeType = goAttributeType;
    this.attributeNames = List.of(attributeNames);
  }

  /** The type with exactly this name, or nothing. */
  public static Optional<ToxicType> named(String wireName) {
    return Arrays.stream(values()).filter(type -> type.wireName.equals(wireName)).findFirst();
  }

  public String wireName() {
    return wireName;
  }

  /** The struct's name in error messages. */
  public String goName() {
    return goName;
  }

  public String goAttributeType() {
    return goAttributeType;
  }

  public List<String> attributeNames() {
    return attributeNames;
  }

  /** Attributes of this type from their values in wire order; every attribute starts as 0. */
  public Attributes attributes(long... values) {
    return switch (this) {
      case NOOP -> new Noop();
      case LATENCY -> new Latency(values[0], values[1]);
      case BANDWIDTH -> new Bandwidth(values[0]);
      case SLOW_CLOSE -> new SlowClose(values[0]);
      case TIMEOUT -> new Timeout(values[0]);
      case RESET_PEER -> new ResetPeer(values[0]);
      case SLICER -> new Slicer(values[0], values[1], values[2]);
      case LIMIT_DATA -> new LimitData(values[0]);
    };
  }

  /** The values of {@code attributes} in wire order. */
  public static long[] values(Attributes attributes) {
    return switch (attributes) {
      case Noop() -> new long[0];
      case Latency(long latency, long jitter) -> new long[] {latency, jitter};
      case Bandwidth(long rate) -> new long[] {rate};
      case SlowClose(long delay) -> new long[] {delay};
      case Timeout(long timeout) -> new long[] {timeout};
      case ResetPeer(long timeout) -> new long[] {timeout};
      case Slicer(long average, long variation, long delay) ->
          new long[] {average, variation, delay};
      case LimitData(long bytes) -> new long[] {bytes};
    };
  }
}
