package io.refmesh.shop.record;

import com.fasterxml.jackson.annotation.JsonProperty;

/** One line of the list of requests; {@code status} is 0 when no head was sent. */
public record EndedRequest(
    long seq,
    long at,
    String id,
    String method,
    String path,
    int status,
    String outcome,
    String caller,
    @JsonProperty("try") String attempt,
    double durationMs) {}
