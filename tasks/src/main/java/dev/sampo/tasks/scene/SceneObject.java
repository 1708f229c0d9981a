package dev.sampo.tasks.scene;

/**
 * An object of a scene.
 *
 * @param look colour and shape
 * @param size its size class
 * @param x left edge of its box, pixels
 * @param y upper edge of its box, pixels
 * @param side of its box, pixels; the right and lower edges are exclusive
 */
public record SceneObject(Look look, Size size, int x, int y, int side) {
  /** The two classes of sizes that sentences speak of. */
  public enum Size {
    LARGE("large"),
    SMALL("small");

    private final String word;

    Size(String word) {
      this.word = word;
    }

    /** The word for it. */
    public String word() {
      return word;
    }
  }

  public int centerX() {
    return x + side / 2;
  }

  public int centerY() {
    return y + side / 2;
  }

  /** Whether the boxes of both keep {@code gap} pixels between them. */
  boolean isClearOf(SceneObject other, int gap) {
    return x >= other.x + other.side + gap
        || x + side + gap <= other.x
        || y >= other.y + other.side + gap
        || y + side + gap <= other.y;
  }
}
