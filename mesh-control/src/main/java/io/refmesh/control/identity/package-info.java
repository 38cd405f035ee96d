/**
 * The mesh's CA: tokens and CSRs come in, certificates, refusals with a reason and an audit log go
 * out. {@link io.refmesh.control.identity.CertifyService} decides on the thread of each gRPC call;
 * {@link io.refmesh.control.identity.TokenIssuer} is for whoever starts workloads and shares the
 * state folder.
 */
@NullMarked
package io.refmesh.control.identity;

import org.jspecify.annotations.NullMarked;
