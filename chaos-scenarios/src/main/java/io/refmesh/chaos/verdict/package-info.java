/**
 * What a run found out: plain values, from which table, JSON, JUnit and HTML are made. Immutable,
 * safe on any thread.
 */
@NullMarked
package io.refmesh.chaos.verdict;

import org.jspecify.annotations.NullMarked;
