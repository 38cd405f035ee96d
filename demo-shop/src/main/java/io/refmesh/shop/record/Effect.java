package io.refmesh.shop.record;

/** How often a request id had its effect here, and the body that caused the last one. */
public record Effect(String id, long count, long bytes, String sha256) {}
