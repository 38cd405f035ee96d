@NullMarked
package io.refmesh.control.kubernetes;

import org.jspecify.annotations.NullMarked;
