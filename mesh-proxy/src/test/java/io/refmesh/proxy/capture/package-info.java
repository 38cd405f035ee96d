@NullMarked
package io.refmesh.proxy.capture;

import org.jspecify.annotations.NullMarked;
