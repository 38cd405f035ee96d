@NullMarked
package io.refmesh.control.inject;

import org.jspecify.annotations.NullMarked;
