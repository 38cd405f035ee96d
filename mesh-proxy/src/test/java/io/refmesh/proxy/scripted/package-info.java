/**
 * One way to make each thing that the tests of layers need: a loop on a clock that is moved by
 * hand, exchanges, services that follow a script, replies that record.
 */
@NullMarked
package io.refmesh.proxy.scripted;

import org.jspecify.annotations.NullMarked;
