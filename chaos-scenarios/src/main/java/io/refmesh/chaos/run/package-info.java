/**
 * Runs scenarios: a list of them comes in, a verdict of the run goes out. One thread runs
 * everything in order; watchers, timers and the handling of Ctrl-C have threads of their own and
 * meet it through leases and marks.
 */
@NullMarked
package io.refmesh.chaos.run;

import org.jspecify.annotations.NullMarked;
