/**
 * A cluster as the source of truth: objects come in over the Kubernetes API, each kind on a thread
 * of its own, the typed objects of {@code registry} go out; what became of routes goes back as
 * their status. The only package that knows Fabric8, which does authentication, TLS and transport;
 * lists and watches are followed here, so that each loss is seen. The start is {@link
 * io.refmesh.control.kubernetes.KubernetesRegistry}.
 */
@NullMarked
package io.refmesh.control.kubernetes;

import org.jspecify.annotations.NullMarked;
