/** The command line. Each command is one class: arguments in, lines and an exit code out. */
@NullMarked
package io.refmesh.cli;

import org.jspecify.annotations.NullMarked;
