package dev.sampo.config;

import com.typesafe.config.ConfigMemorySize;
import dev.sampo.vlm.Precision;
import dev.sampo.vlm.image.ImageLimits;
import dev.sampo.vlm.weights.Parameter.Part;
import java.nio.file.Path;
import java.util.Set;

/**
 * Where the model comes from, and what of it is trained.
 *
 * @param path a model folder in the Hugging Face layout
 * @param init whether its weights are read or drawn anew
 * @param dtype type of its weights and of what is computed with them
 * @param freeze which parts of it stay as they are
 * @param featureCache memory in which the learner keeps what frozen parts make of images
 * @param images how large images may be
 * @param lora adapters that are trained in place of its weights
 */
public record ModelSource(
    Path path,
    Initialization init,
    Precision dtype,
    Freeze freeze,
    ConfigMemorySize featureCache,
    ImageLimits images,
    AdapterSettings lora) {

  /** Where the first weights come from. */
  public enum Initialization {
    /** The safetensors files of the model folder. */
    CHECKPOINT,
    /** Drawn from the run seed; the folder needs no weights. */
    RANDOM
  }

  /** What of a model training leaves alone. */
  public enum Freeze {
    /** Everything is trained. */
    NONE,
    /**
     * The vision tower stays; the projector, which makes its features the decoder's, is trained.
     */
    VISION_TOWER,
    /** Only the decoder is trained. */
    VISION_TOWER_AND_PROJECTOR;

    /** The parts that stay as they are. */
    public Set<Part> parts() {
      return switch (this) {
        case NONE -> Set.of();
        case VISION_TOWER -> Set.of(Part.VISION_TOWER);
        case VISION_TOWER_AND_PROJECTOR -> Set.of(Part.VISION_TOWER, Part.PROJECTOR);
      };
    }
  }
}
