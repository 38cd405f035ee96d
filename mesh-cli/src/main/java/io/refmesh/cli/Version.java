package io.refmesh.cli;

import picocli.CommandLine.IVersionProvider;

/** The version that the build wrote into the jar. */
final class Version implements IVersionProvider {

  @Override
  public String[] getVersion() {
    String version = MeshMain.class.getPackage().getImplementationVersion();
    return new String[] {"refmesh " + (version == null ? "(not from a jar)" : version)};
  }
}
