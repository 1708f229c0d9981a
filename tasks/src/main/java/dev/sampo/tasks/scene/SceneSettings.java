package dev.sampo.tasks.scene;

import java.util.List;

/**
 * What scenes look like.
 *
 * @param side width and height of the image, pixels
 * @param step left and upper edges of boxes are multiples of this, pixels
 * @param largeSides box sides of large objects, pixels; all even
 * @param smallSides box sides of small objects, pixels; all even
 * @param maxLarge most large objects in a scene
 * @param gap least distance between boxes, pixels
 * @param greyJitter the background differs by up to this much from image to image, levels of 255
 * @param distinctColours whether all colours of a scene differ; otherwise only the looks do
 */
public record SceneSettings(
    int side,
    int step,
    List<Integer> largeSides,
    List<Integer> smallSides,
    int maxLarge,
    int gap,
    int greyJitter,
    boolean distinctColours) {
  /** The scenes that the small models of the quick start are trained on. */
  public static final SceneSettings STANDARD =
      new SceneSettings(84, 2, List.of(26, 28, 30, 32, 34), List.of(14, 16, 18), 2, 2, 6, true);

  public SceneSettings {
    largeSides = List.copyOf(largeSides);
    smallSides = List.copyOf(smallSides);
    for (List<Integer> sides : List.of(largeSides, smallSides)) {
      for (int s : sides) {
        if (s < 2 || s % 2 != 0 || s > side) {
          throw new IllegalArgumentException(
              "sides of objects are even and fit into %d pixels, got %d".formatted(side, s));
        }
      }
    }
    if (step < 1) {
      throw new IllegalArgumentException("step must be >= 1, got " + step);
    }
    if (largeSides.isEmpty() || smallSides.isEmpty() || maxLarge < 0 || gap < 0) {
      throw new IllegalArgumentException(
          "scenes need large and small sides and no negative count or gap");
    }
    if (greyJitter < 0 || greyJitter > 100) {
      throw new IllegalArgumentException("grey-jitter must be in [0, 100], got " + greyJitter);
    }
  }

  /** Most objects that a scene of such settings can have different looks for. */
  public int maxObjects() {
    return distinctColours ? Colour.values().length : Look.TRAINED.size();
  }
}
