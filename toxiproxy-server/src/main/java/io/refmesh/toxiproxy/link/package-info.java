/**
 * What toxics do: chunks of one direction of one connection come in, pass a chain of stages, and go
 * out cut, delayed, swallowed or untouched. Everything runs on the event loop of that connection.
 */
@NullMarked
package io.refmesh.toxiproxy.link;

import org.jspecify.annotations.NullMarked;
