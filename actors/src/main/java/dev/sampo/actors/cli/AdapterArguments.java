package dev.sampo.actors.cli;

import dev.sampo.vlm.family.AdapterFolder;
import java.nio.file.Files;
import java.nio.file.Path;

/** Checks the folders that a command line names for a model and its adapters. */
final class AdapterArguments {
  private AdapterArguments() {}

  static void requireFolder(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw new CommandFailedException(folder + ": there is no such folder");
    }
  }

  static void requireAdapter(Path folder) {
    requireFolder(folder);
    if (!AdapterFolder.isOne(folder)) {
      throw new CommandFailedException(
          folder + ": holds no adapter_config.json, adapters have one");
    }
  }

  /** A model for adapters that lie elsewhere. */
  static void requireBase(Path model) {
    requireFolder(model);
    if (AdapterFolder.isOne(model)) {
      throw new CommandFailedException(
          model + ": holds adapters itself, --adapter needs the model that they change");
    }
  }
}
