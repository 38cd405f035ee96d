/**
 * What people and programs read about a run. In come the events of a running scenario and its
 * {@link io.refmesh.chaos.verdict.RunVerdict}; out go lines on a terminal, a table, and the files
 * {@code verdict.json}, {@code junit.xml} and {@code report.html}. Everything works on the thread
 * of its caller; {@link io.refmesh.chaos.report.LiveProgress} may be called from several.
 */
@NullMarked
package io.refmesh.chaos.report;

import org.jspecify.annotations.NullMarked;
