package dev.sampo.tasks.rec;

import dev.sampo.tasks.scene.Scene;
import dev.sampo.tasks.scene.SceneObject;
import dev.sampo.tasks.scene.SceneObject.Size;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * Writes sentences that describe exactly one object of a scene: by its looks, or by its place or
 * size among the others.
 */
final class QuestionWriter {
  /** A centre leads in a direction only when it is ahead of all others by this, pixels. */
  private static final int LEAD = 6;

  private static final double EXTREME_SHARE = 0.5;
  private static final double CELL_SHARE = 0.3;

  private enum Direction {
    LEFTMOST("leftmost"),
    RIGHTMOST("rightmost"),
    TOPMOST("topmost"),
    BOTTOMMOST("bottommost");

    private final String word;

    Direction(String word) {
      this.word = word;
    }

    /** How far {@code object} is ahead of {@code other} this way. */
    int lead(SceneObject object, SceneObject other) {
      int right = object.centerX() - other.centerX();
      int down = object.centerY() - other.centerY();
      return switch (this) {
        case LEFTMOST -> -right;
        case RIGHTMOST -> right;
        case TOPMOST -> -down;
        case BOTTOMMOST -> down;
      };
    }
  }

  private QuestionWriter() {}

  /** {@code the large red square} or {@code the red square}, of any object. */
  static RecQuestion attribute(Random random, Scene scene) {
    SceneObject target = scene.objects().get(random.nextInt(scene.objects().size()));
    String look = target.look().colour().word() + " " + target.look().shape().word();
    return new RecQuestion(
        random.nextBoolean() ? "the " + target.size().word() + " " + look : "the " + look, target);
  }

  /**
   * {@code the leftmost object}, {@code the object in the top right} or {@code the small object}:
   * one of these families is drawn, and when nothing in the scene is described by it, the next.
   *
   * @return empty when no family describes any object alone
   */
  static Optional<RecQuestion> place(Random random, Scene scene) {
    List<RecQuestion> extremes = extremes(scene.objects(), "object");
    List<RecQuestion> cells = cells(scene);
    List<RecQuestion> sizes = sizes(scene);
    double u = random.nextDouble();
    if (u < EXTREME_SHARE) {
      return pickFirst(random, List.of(extremes, cells, sizes));
    }
    return pickFirst(
        random,
        u < EXTREME_SHARE + CELL_SHARE
            ? List.of(cells, extremes, sizes)
            : List.of(sizes, cells, extremes));
  }

  /** A question by place about the object with a held-out look; empty when none describes it. */
  static Optional<RecQuestion> placeOfUnseenLook(Random random, Scene scene) {
    List<RecQuestion> questions = extremes(scene.objects(), "object");
    questions.addAll(cells(scene));
    questions.addAll(sizes(scene));
    questions.removeIf(question -> !question.target().look().isHeldOut());
    return pickFirst(random, List.of(questions));
  }

  /**
   * {@code the leftmost large object}, which training never asks; empty when no size has two
   * objects one of which leads.
   */
  static Optional<RecQuestion> unseenForm(Random random, Scene scene) {
    List<RecQuestion> questions = new ArrayList<>();
    for (Size size : Size.values()) {
      List<SceneObject> ofSize =
          scene.objects().stream().filter(object -> object.size() == size).toList();
      questions.addAll(extremes(ofSize, size.word() + " object"));
    }
    return pickFirst(random, List.of(questions));
  }

  private static List<RecQuestion> extremes(List<SceneObject> objects, String noun) {
    List<RecQuestion> questions = new ArrayList<>();
    if (objects.size() < 2) {
      return questions;
    }
    for (Direction direction : Direction.values()) {
      for (SceneObject object : objects) {
        if (objects.stream()
            .allMatch(other -> other.equals(object) || direction.lead(object, other) >= LEAD)) {
          questions.add(new RecQuestion("the " + direction.word + " " + noun, object));
        }
      }
    }
    return questions;
  }

  private static List<RecQuestion> cells(Scene scene) {
    List<RecQuestion> questions = new ArrayList<>();
    for (SceneObject object : scene.objects()) {
      String cell = Cell.words(object, scene.side());
      if (scene.objects().stream()
          .noneMatch(
              other -> !other.equals(object) && Cell.words(other, scene.side()).equals(cell))) {
        questions.add(new RecQuestion("the object in the " + cell, object));
      }
    }
    return questions;
  }

  private static List<RecQuestion> sizes(Scene scene) {
    List<RecQuestion> questions = new ArrayList<>();
    for (SceneObject object : scene.objects()) {
      if (scene.objects().stream()
          .noneMatch(other -> !other.equals(object) && other.size() == object.size())) {
        questions.add(new RecQuestion("the " + object.size().word() + " object", object));
      }
    }
    return questions;
  }

  /** One of the first family that has any. */
  private static Optional<RecQuestion> pickFirst(Random random, List<List<RecQuestion>> families) {
    for (List<RecQuestion> family : families) {
      if (!family.isEmpty()) {
        return Optional.of(family.get(random.nextInt(family.size())));
      }
    }
    return Optional.empty();
  }
}
