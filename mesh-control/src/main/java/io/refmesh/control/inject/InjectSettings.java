package io.refmesh.control.inject;

import io.refmesh.control.registry.MeshConfig;
import io.refmesh.model.identity.SpiffeId;

/**
 * What every injected pod is told; the same for all pods at one moment.
 *
 * @param image of the sidecar and of the init program
 * @param imagePullPolicy as Kubernetes writes it
 * @param version of the sidecar, told in an annotation so that old ones can be found
 * @param control where the control API is, {@code host:port}; names are resolved by the sidecar
 * @param controlIdentity whom the control plane has to prove to be
 * @param trustRoots PEM of the roots that the control plane is verified with
 * @param mesh settings of every sidecar that says nothing else
 */
public record InjectSettings(
    String image,
    String imagePullPolicy,
    String version,
    String control,
    SpiffeId controlIdentity,
    String trustRoots,
    MeshConfig mesh) {}
