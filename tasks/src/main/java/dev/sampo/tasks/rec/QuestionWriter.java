package dev.sampo.tasks.rec;

import dev.sampo.tasks.scene.Look;
import dev.sampo.tasks.scene.Scene;
import dev.sampo.tasks.scene.SceneObject;
import dev.sampo.tasks.scene.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * Writes sentences that describe exactly one object of a scene: by its looks, by its place among
 * all objects, or by its place relative to another object.
 */
final class QuestionWriter {
  /** Centres closer than this, in pixels, are neither left nor right, above nor below. */
  private static final int MARGIN = 6;

  private enum Direction {
    LEFT("left of", "leftmost"),
    RIGHT("right of", "rightmost"),
    ABOVE("above", "topmost"),
    BELOW("below", "bottommost");

    private final String relation;
    private final String extreme;

    Direction(String relation, String extreme) {
      this.relation = relation;
      this.extreme = extreme;
    }

    /** Whether {@code object} lies this way of {@code anchor}, clearly; never so of itself. */
    boolean holds(SceneObject object, SceneObject anchor) {
      int right = object.centerX() - anchor.centerX();
      int down = object.centerY() - anchor.centerY();
      return switch (this) {
        case LEFT -> right <= -MARGIN;
        case RIGHT -> right >= MARGIN;
        case ABOVE -> down <= -MARGIN;
        case BELOW -> down >= MARGIN;
      };
    }
  }

  private QuestionWriter() {}

  /** {@code the large red square} or {@code the red square}; looks are unique in a scene. */
  static RecQuestion attribute(Random random, SceneObject target) {
    String look = words(target.look());
    return new RecQuestion(
        random.nextBoolean() ? "the " + target.size().word() + " " + look : "the " + look, target);
  }

  /**
   * {@code the leftmost object} or {@code the object left of the red square}, and so for the other
   * directions; empty when no such sentence is true of one object only.
   */
  static Optional<RecQuestion> relation(Random random, Scene scene) {
    List<RecQuestion> extremes = extremes(scene.objects());
    List<RecQuestion> relations = relations(scene.objects());
    boolean preferExtreme = random.nextBoolean();
    List<RecQuestion> first = preferExtreme ? extremes : relations;
    List<RecQuestion> second = preferExtreme ? relations : extremes;
    return pick(random, first.isEmpty() ? second : first);
  }

  /**
   * Relations in forms that training never uses: {@code the object left of the large red square},
   * {@code the circle left of the red square}; empty when none is true of one object only.
   */
  static Optional<RecQuestion> unseenRelation(Random random, Scene scene) {
    return pick(
        random,
        random.nextBoolean()
            ? anchorsWithSize(scene.objects())
            : targetsWithShape(scene.objects()));
  }

  private static List<RecQuestion> extremes(List<SceneObject> objects) {
    List<RecQuestion> questions = new ArrayList<>();
    if (objects.size() < 2) {
      return questions;
    }
    for (Direction direction : Direction.values()) {
      for (SceneObject object : objects) {
        if (objects.stream()
            .allMatch(other -> other.equals(object) || direction.holds(object, other))) {
          questions.add(new RecQuestion("the " + direction.extreme + " object", object));
        }
      }
    }
    return questions;
  }

  private static List<RecQuestion> relations(List<SceneObject> objects) {
    List<RecQuestion> questions = new ArrayList<>();
    for (SceneObject anchor : objects) {
      String anchorWords = words(anchor.look());
      addRelations(questions, objects, anchor, "object", anchorWords);
    }
    return questions;
  }

  private static List<RecQuestion> anchorsWithSize(List<SceneObject> objects) {
    List<RecQuestion> questions = new ArrayList<>();
    for (SceneObject anchor : objects) {
      String anchorWords = anchor.size().word() + " " + words(anchor.look());
      addRelations(questions, objects, anchor, "object", anchorWords);
    }
    return questions;
  }

  private static List<RecQuestion> targetsWithShape(List<SceneObject> objects) {
    List<RecQuestion> questions = new ArrayList<>();
    for (SceneObject anchor : objects) {
      for (Shape shape : Shape.values()) {
        List<SceneObject> candidates =
            objects.stream().filter(object -> object.look().shape() == shape).toList();
        addRelations(questions, candidates, anchor, shape.word(), words(anchor.look()));
      }
    }
    return questions;
  }

  /** Adds a sentence for every direction in which exactly one candidate lies from the anchor. */
  private static void addRelations(
      List<RecQuestion> questions,
      List<SceneObject> candidates,
      SceneObject anchor,
      String target,
      String anchorWords) {
    for (Direction direction : Direction.values()) {
      List<SceneObject> there =
          candidates.stream().filter(object -> direction.holds(object, anchor)).toList();
      if (there.size() == 1) {
        String query = "the " + target + " " + direction.relation + " the " + anchorWords;
        questions.add(new RecQuestion(query, there.getFirst()));
      }
    }
  }

  private static Optional<RecQuestion> pick(Random random, List<RecQuestion> questions) {
    return questions.isEmpty()
        ? Optional.empty()
        : Optional.of(questions.get(random.nextInt(questions.size())));
  }

  private static String words(Look look) {
    return look.colour().word() + " " + look.shape().word();
  }
}
