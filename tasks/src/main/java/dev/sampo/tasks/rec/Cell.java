package dev.sampo.tasks.rec;

import dev.sampo.tasks.scene.SceneObject;

/** The ninth of the image that the centre of an object lies in. */
final class Cell {
  private Cell() {}

  /** Row and column in words, for example {@code bottom middle}. */
  static String words(SceneObject object, int imageSide) {
    return third(object.centerY(), imageSide, "top", "center", "bottom")
        + " "
        + third(object.centerX(), imageSide, "left", "middle", "right");
  }

  private static String third(int center, int side, String first, String second, String last) {
    return 3 * center < side ? first : 3 * center < 2 * side ? second : last;
  }
}
