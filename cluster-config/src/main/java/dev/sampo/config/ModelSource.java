package dev.sampo.config;

import java.nio.file.Path;

/**
 * Where the model comes from.
 *
 * @param path a model folder in the Hugging Face layout
 * @param init whether its weights are read or drawn anew
 * @param freezeVision keep the weights of the vision tower as they are
 */
public record ModelSource(Path path, Initialization init, boolean freezeVision) {

  /** Where the first weights come from. */
  public enum Initialization {
    /** The safetensors files of the model folder. */
    CHECKPOINT,
    /** Drawn from the run seed; the folder needs no weights. */
    RANDOM
  }
}
