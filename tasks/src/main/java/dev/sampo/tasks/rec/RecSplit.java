package dev.sampo.tasks.rec;

import dev.sampo.tasks.scene.Scene;
import dev.sampo.tasks.scene.SceneSampler.Looks;
import java.util.Optional;
import java.util.Random;

/**
 * One JSONL file of a synthetic data set.
 *
 * @param name of the file, without ending, and of its image folder
 * @param numRows rows to write
 * @param rowsPerImage questions about one scene, different ones where the scene has enough
 * @param minObjects fewest objects in a scene
 * @param maxObjects most objects in a scene
 * @param questions what is asked
 * @param answers what the answer column holds
 */
public record RecSplit(
    String name,
    int numRows,
    int rowsPerImage,
    int minObjects,
    int maxObjects,
    Questions questions,
    Answers answers) {

  /** What a split asks. */
  public sealed interface Questions {
    /** With this probability about looks, else about places; about a lone object by its looks. */
    record Trained(double attributeShare) implements Questions {
      public Trained {
        requireShare("attribute-share", attributeShare);
      }
    }

    /** About places, in a form that training never uses. */
    record UnseenForm() implements Questions {}

    /** By its place about the one object whose colour and shape never meet in training. */
    record UnseenLook() implements Questions {}
  }

  /** What the answer column holds. */
  public sealed interface Answers {
    /** The box as a list: the reference that rewards compare with. */
    record Boxes() implements Answers {}

    /**
     * Demonstrations, of which a share is off.
     *
     * @param cornerAndSizeShare share of {@link RecResponse#CORNER_AND_SIZE}
     * @param withoutThinkingShare share of {@link RecResponse#WITHOUT_THINKING}
     */
    record Demonstrations(double cornerAndSizeShare, double withoutThinkingShare)
        implements Answers {
      public Demonstrations {
        requireShare("corner-and-size-share", cornerAndSizeShare);
        requireShare("without-thinking-share", withoutThinkingShare);
        requireShare("the sum of both shares", cornerAndSizeShare + withoutThinkingShare);
      }

      RecResponse draw(Random random) {
        double u = random.nextDouble();
        if (u < cornerAndSizeShare) {
          return RecResponse.CORNER_AND_SIZE;
        }
        return u < cornerAndSizeShare + withoutThinkingShare
            ? RecResponse.WITHOUT_THINKING
            : RecResponse.AS_ASKED;
      }
    }
  }

  public RecSplit {
    require(name.matches("[a-z0-9_]+"), "name must be lower-case letters, digits, _: " + name);
    require(numRows >= 1, "a split has at least 1 row, got " + numRows);
    require(rowsPerImage >= 1, "rows-per-image must be >= 1, got " + rowsPerImage);
    require(
        minObjects >= 1 && minObjects <= maxObjects,
        "a split needs 1 <= min-objects <= max-objects, got " + minObjects + " and " + maxObjects);
  }

  int numImages() {
    return Math.ceilDiv(numRows, rowsPerImage);
  }

  /** The looks that its scenes are drawn from. */
  Looks looks() {
    return questions instanceof Questions.UnseenLook ? Looks.ONE_HELD_OUT : Looks.TRAINED;
  }

  /** A question about the scene, or empty when the scene does not allow one. */
  Optional<RecQuestion> ask(Random random, Scene scene) {
    return switch (questions) {
      case Questions.Trained(double attributeShare) ->
          scene.objects().size() == 1 || random.nextDouble() < attributeShare
              ? Optional.of(QuestionWriter.attribute(random, scene))
              : QuestionWriter.place(random, scene);
      case Questions.UnseenForm() -> QuestionWriter.unseenForm(random, scene);
      case Questions.UnseenLook() -> QuestionWriter.placeOfUnseenLook(random, scene);
    };
  }

  private static void requireShare(String name, double share) {
    require(share >= 0 && share <= 1, name + " must be in [0, 1], got " + share);
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new IllegalArgumentException(message);
    }
  }
}
