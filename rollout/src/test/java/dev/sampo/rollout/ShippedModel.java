package dev.sampo.rollout;

import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.Prompt;
import dev.sampo.protocol.RolloutLease;
import dev.sampo.protocol.SamplingSettings;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.ModelOptions;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.VisionLanguageModels;
import dev.sampo.vlm.image.RgbImage;
import dev.sampo.vlm.prompt.VlmProcessor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * The small checkpoint with random weights that the parity tests use, and questions about noise.
 */
record ShippedModel(VisionLanguageModel model, VlmProcessor processor) implements AutoCloseable {
  static final Path FOLDER = Path.of("../vlm/src/test/resources/goldens/shipped");
  private static final List<String> QUESTIONS =
      List.of("the red square", "the object left of the small blue circle", "the topmost object");

  static ShippedModel load() {
    try {
      return new ShippedModel(
          VisionLanguageModels.load(FOLDER, ModelOptions.onCpu()), VlmProcessor.load(FOLDER));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  AnswerTokens answers() {
    return AnswerTokens.of(processor);
  }

  PolicyVersion version(long step) {
    return new PolicyVersion("run", 1, step, "0".repeat(64));
  }

  /** A question of one of three lengths about a picture of its own. */
  EncodedPrompt prompt(int number) {
    byte[] pixels = new byte[84 * 84 * 3];
    new Random(number).nextBytes(pixels);
    return processor.encode(
        QUESTIONS.get(number % QUESTIONS.size()), List.of(new RgbImage(84, 84, pixels)));
  }

  RolloutLease lease(int number, int numCompletions, SamplingSettings sampling) {
    return new RolloutLease(
        new LeaseId(1, new GroupId(number), 1),
        new Prompt("rows.jsonl:" + number, "rec", "where?", List.of(), "", Map.of()),
        numCompletions,
        sampling,
        1000L + number,
        0,
        Duration.ofMinutes(1));
  }

  @Override
  public void close() {
    model.close();
    processor.close();
  }
}
