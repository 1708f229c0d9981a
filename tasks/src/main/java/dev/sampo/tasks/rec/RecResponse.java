package dev.sampo.tasks.rec;

import dev.sampo.tasks.scene.SceneObject;

/** Answers as a demonstration gives them, in the right form and in two forms that are off. */
public enum RecResponse {
  /** A think block and the corners of the box, as the task wants it. */
  AS_ASKED,
  /** The box as left, top, width, height: seen correctly, said in another convention. */
  CORNER_AND_SIZE,
  /** The right box without a think block. */
  WITHOUT_THINKING;

  /**
   * The text of the answer, without an end token.
   *
   * @param imageSide width and height of the image, pixels
   */
  public String text(SceneObject target, int imageSide) {
    int right = target.x() + target.side();
    int bottom = target.y() + target.side();
    return switch (this) {
      case AS_ASKED -> think(target, imageSide) + answer(target, right, bottom);
      case CORNER_AND_SIZE ->
          think(target, imageSide) + answer(target, target.side(), target.side());
      case WITHOUT_THINKING -> answer(target, right, bottom);
    };
  }

  /** Names the object and the ninth of the image that its centre lies in. */
  private static String think(SceneObject target, int imageSide) {
    return "<think>%s %s %s %s</think>"
        .formatted(
            target.size().word(),
            target.look().colour().word(),
            target.look().shape().word(),
            Cell.words(target, imageSide));
  }

  private static String answer(SceneObject target, int third, int fourth) {
    return "<answer>{\"bbox\":[%d,%d,%d,%d]}</answer>"
        .formatted(target.x(), target.y(), third, fourth);
  }
}
