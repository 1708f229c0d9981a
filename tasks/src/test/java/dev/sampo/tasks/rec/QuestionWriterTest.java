package dev.sampo.tasks.rec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.tasks.SeedMixer;
import dev.sampo.tasks.scene.Scene;
import dev.sampo.tasks.scene.SceneObject;
import dev.sampo.tasks.scene.SceneSampler;
import dev.sampo.tasks.scene.SceneSampler.Looks;
import dev.sampo.tasks.scene.SceneSettings;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Reads every sentence again, by simple means, and asks whether only the target fits it. */
class QuestionWriterTest {
  private static final SceneSampler SAMPLER = new SceneSampler(SceneSettings.STANDARD);

  private interface Writer {
    Optional<RecQuestion> write(Random random, Scene scene);
  }

  @Test
  void placesDescribeExactlyTheirTargetAndEveryFamilyOccurs() {
    List<RecQuestion> questions = checked(QuestionWriter::place, Looks.TRAINED);

    assertThat(questions).hasSizeGreaterThan(990);
    assertThat(share(questions, "the \\w+most object")).isBetween(0.44, 0.56);
    assertThat(share(questions, "the object in the \\w+ \\w+")).isBetween(0.35, 0.5);
    assertThat(share(questions, "the (large|small) object")).isBetween(0.04, 0.12);
  }

  @Test
  void attributesDescribeExactlyTheirTarget() {
    List<RecQuestion> questions =
        checked(
            (random, scene) -> Optional.of(QuestionWriter.attribute(random, scene)), Looks.TRAINED);

    assertThat(share(questions, "the (large|small) \\w+ \\w+")).isBetween(0.44, 0.56);
    assertThat(share(questions, "the \\w+ \\w+")).isBetween(0.44, 0.56);
  }

  @Test
  void theUnseenFormDescribesExactlyItsTarget() {
    List<RecQuestion> questions = checked(QuestionWriter::unseenForm, Looks.TRAINED);

    assertThat(questions).hasSizeGreaterThan(900);
    assertThat(share(questions, "the \\w+most (large|small) object")).isOne();
  }

  @Test
  void theUnseenLookIsTheTargetOfItsQuestions() {
    List<RecQuestion> questions = checked(QuestionWriter::placeOfUnseenLook, Looks.ONE_HELD_OUT);

    assertThat(questions).hasSizeGreaterThan(900);
    assertThat(questions).allMatch(question -> question.target().look().isHeldOut());
    assertThat(share(questions, "the \\w+most object")).isBetween(0.2, 0.8);
  }

  private static List<RecQuestion> checked(Writer writer, Looks looks) {
    List<RecQuestion> questions = new ArrayList<>();
    for (int seed = 0; seed < 1000; seed++) {
      Random random = SeedMixer.random(seed);
      Scene scene = SAMPLER.draw(random, 3 + seed % 4, looks);
      writer
          .write(random, scene)
          .ifPresent(question -> {
            assertThat(fitting(question.query(), scene))
                .as("%s in %s", question.query(), scene)
                .containsExactly(question.target());
            questions.add(question);
          });
    }
    return questions;
  }

  /** The objects that a sentence fits. */
  private static List<SceneObject> fitting(String query, Scene scene) {
    String[] words = query.split(" ", -1);
    List<SceneObject> objects = new ArrayList<>(scene.objects());
    for (String word : words) {
      switch (word) {
        case "large", "small" -> objects.removeIf(object -> !object.size().word().equals(word));
        case "red", "green", "blue", "yellow", "magenta", "cyan" ->
            objects.removeIf(object -> !object.look().colour().word().equals(word));
        case "circle", "square", "triangle", "diamond" ->
            objects.removeIf(object -> !object.look().shape().word().equals(word));
        case "top" -> objects.removeIf(object -> object.centerY() >= 28);
        case "center" ->
            objects.removeIf(object -> object.centerY() < 28 || object.centerY() >= 56);
        case "bottom" -> objects.removeIf(object -> object.centerY() < 56);
        case "left" -> objects.removeIf(object -> object.centerX() >= 28);
        case "middle" ->
            objects.removeIf(object -> object.centerX() < 28 || object.centerX() >= 56);
        case "right" -> objects.removeIf(object -> object.centerX() < 56);
        default -> assertThat(word).matches("the|object|in|\\w+most");
      }
    }
    return words[1].endsWith("most") ? leading(words[1], objects) : objects;
  }

  /** The object that leads by 6 pixels among those that the other words fit, if one does. */
  private static List<SceneObject> leading(String word, List<SceneObject> objects) {
    Comparator<SceneObject> order =
        switch (word) {
          case "leftmost" -> Comparator.comparingInt(SceneObject::centerX);
          case "rightmost" -> Comparator.comparingInt(SceneObject::centerX).reversed();
          case "topmost" -> Comparator.comparingInt(SceneObject::centerY);
          default -> Comparator.comparingInt(SceneObject::centerY).reversed();
        };
    List<SceneObject> sorted = objects.stream().sorted(order).toList();
    SceneObject first = sorted.getFirst();
    SceneObject second = sorted.get(1);
    int lead =
        word.equals("leftmost") || word.equals("rightmost")
            ? Math.abs(first.centerX() - second.centerX())
            : Math.abs(first.centerY() - second.centerY());
    return lead >= 6 ? List.of(first) : List.of();
  }

  private static double share(List<RecQuestion> questions, String pattern) {
    return questions.stream().filter(question -> question.query().matches(pattern)).count()
        / (double) questions.size();
  }
}
