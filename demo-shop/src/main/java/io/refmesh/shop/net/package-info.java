/**
 * The application port: bytes come in, one exchange per request (or line) is judged, served,
 * recorded and answered. All on the application port's event loop.
 */
@NullMarked
package io.refmesh.shop.net;

import org.jspecify.annotations.NullMarked;
