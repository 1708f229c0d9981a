package dev.sampo.actors.cli;

import picocli.CommandLine.IVersionProvider;

/** What {@code sampo --version} says. */
final class BuildVersion implements IVersionProvider {
  @Override
  public String[] getVersion() {
    return new String[] {
      "sampo " + Versions.sampo(),
      "java " + Runtime.version() + ", " + System.getProperty("os.arch")
    };
  }
}
