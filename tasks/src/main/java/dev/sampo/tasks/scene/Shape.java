package dev.sampo.tasks.scene;

import java.util.Locale;

/** The shapes of objects, each inscribed in a square box. */
public enum Shape {
  CIRCLE,
  SQUARE,
  TRIANGLE,
  DIAMOND;

  /** The word for it. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Whether a pixel of the box belongs to the shape, judged at the centre of the pixel. There is no
   * anti-aliasing and no floating point, so the same pixels are painted everywhere.
   *
   * @param column of the pixel in the box, from 0
   * @param row of the pixel in the box, from 0 at the top
   * @param side of the box, pixels
   */
  boolean covers(int column, int row, int side) {
    // Twice the distance of the pixel's centre from the centre of the box.
    int across = Math.abs(2 * column + 1 - side);
    int down = Math.abs(2 * row + 1 - side);
    return switch (this) {
      case CIRCLE -> across * across + down * down <= side * side;
      case SQUARE -> true;
      case TRIANGLE -> across <= row + 1;
      case DIAMOND -> across + down <= side;
    };
  }
}
