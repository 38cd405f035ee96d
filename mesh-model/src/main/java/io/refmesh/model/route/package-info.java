/**
 * What a proxy is told about which request goes where. Immutable values; the control plane has
 * resolved precedence already.
 */
@NullMarked
package io.refmesh.model.route;

import org.jspecify.annotations.NullMarked;
