@NullMarked
package io.refmesh.control.state;

import org.jspecify.annotations.NullMarked;
