/**
 * Who the proxy is and who its peers are: a {@link io.refmesh.proxy.tls.WorkloadCertificate} comes
 * in, TLS handlers that let only the right peer through go out. Contexts are swapped whole through
 * one volatile reference; everything of one connection happens on its event loop.
 */
@NullMarked
package io.refmesh.proxy.tls;

import org.jspecify.annotations.NullMarked;
