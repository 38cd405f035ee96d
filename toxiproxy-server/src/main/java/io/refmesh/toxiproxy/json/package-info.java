/**
 * JSON as Go reads and writes it: bytes come in and a {@link io.refmesh.toxiproxy.json.JsonValue}
 * or Go's own error text goes out. Pure functions, any thread.
 */
@NullMarked
package io.refmesh.toxiproxy.json;

import org.jspecify.annotations.NullMarked;
