/**
 * What is applied to a cluster: values come in, the manifests of kind-config with the values in
 * them go out, the same text for the same values. Runs on the caller's thread, talks to nobody.
 */
@NullMarked
package io.refmesh.cli.install;

import org.jspecify.annotations.NullMarked;
