package io.refmesh.model.wire;

import io.refmesh.model.policy.Faults;
import io.refmesh.model.policy.Faults.Delay;
import io.refmesh.model.policy.Faults.Effect;
import io.refmesh.model.policy.Faults.Fault;
import io.refmesh.model.policy.Faults.Header;
import io.refmesh.model.wire.v1.ValueMatch;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** {@link Faults} to and from its message. */
final class FaultsWire {

  private FaultsWire() {}

  static io.refmesh.model.wire.v1.Faults encode(Faults faults) {
    var message =
        io.refmesh.model.wire.v1.Faults.newBuilder()
            .setPolicy(faults.policy())
            .setMaxActive(faults.maxActive())
            .setEndsEpochMillis(faults.ends().toEpochMilli())
            .setLongestMillis(faults.longest().toMillis());
    faults.faults().forEach(fault -> message.addFaults(encode(fault)));
    return message.build();
  }

  static Faults decode(io.refmesh.model.wire.v1.Faults message) {
    return new Faults(
        message.getPolicy(),
        message.getMaxActive(),
        Instant.ofEpochMilli(message.getEndsEpochMillis()),
        Duration.ofMillis(message.getLongestMillis()),
        message.getFaultsList().stream().map(FaultsWire::decode).toList());
  }

  private static io.refmesh.model.wire.v1.Faults.Fault encode(Fault fault) {
    var message = io.refmesh.model.wire.v1.Faults.Fault.newBuilder().setPercent(fault.percent());
    fault
        .headers()
        .forEach(
            h -> message.addHeaders(ValueMatch.newBuilder().setName(h.name()).setValue(h.value())));
    fault
        .delay()
        .ifPresent(delay ->
            message.setDelay(
                io.refmesh.model.wire.v1.Faults.Delay.newBuilder()
                    .setFixedMillis(delay.fixed().toMillis())
                    .setJitterMillis(delay.jitter().toMillis())));
    fault
        .effect()
        .ifPresent(effect -> {
          switch (effect) {
            case Effect.AbortHttp(int status) -> message.setHttpStatus(status);
            case Effect.AbortGrpc(int status) -> message.setGrpcStatus(status);
            case Effect.Reset() -> message.setReset(true);
            case Effect.Truncate(int bytes) -> message.setTruncateAfterBytes(bytes);
          }
        });
    return message.build();
  }

  // An effect that this reader does not know is none: less is broken, never more.
  private static Fault decode(io.refmesh.model.wire.v1.Faults.Fault message) {
    Optional<Effect> effect =
        switch (message.getEffectCase()) {
          case HTTP_STATUS -> Optional.of(new Effect.AbortHttp(message.getHttpStatus()));
          case GRPC_STATUS -> Optional.of(new Effect.AbortGrpc(message.getGrpcStatus()));
          case RESET -> Optional.of(new Effect.Reset());
          case TRUNCATE_AFTER_BYTES ->
              Optional.of(new Effect.Truncate(message.getTruncateAfterBytes()));
          case EFFECT_NOT_SET -> Optional.empty();
        };
    return new Fault(
        message.getPercent(),
        message.getHeadersList().stream().map(h -> new Header(h.getName(), h.getValue())).toList(),
        message.hasDelay()
            ? Optional.of(
                new Delay(
                    Duration.ofMillis(message.getDelay().getFixedMillis()),
                    Duration.ofMillis(message.getDelay().getJitterMillis())))
            : Optional.empty(),
        effect);
  }
}
