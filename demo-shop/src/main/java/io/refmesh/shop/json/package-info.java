/** Values to JSON and JSON to trees; any thread. */
@NullMarked
package io.refmesh.shop.json;

import org.jspecify.annotations.NullMarked;
