package dev.sampo.learner.sft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sampo.learner.GoldenSteps;
import dev.sampo.learner.TinyQwen;
import dev.sampo.learner.optimizer.AdamW;
import dev.sampo.learner.optimizer.ScheduleShape;
import dev.sampo.protocol.ImageRef;
import dev.sampo.protocol.Prompt;
import dev.sampo.vlm.VisionLanguageModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Supervised steps beside those of a plain PyTorch and Transformers program. */
class GoldenSftTest {
  private static final double TOLERANCE = 1e-5;

  @TempDir private Path temp;

  /** The rows of the golden: two questions about the images of each of two prompts. */
  private record Rows(List<SftExample> rows) implements SftData {
    @Override
    public int size() {
      return rows.size();
    }

    @Override
    public Optional<SftExample> example(int row) {
      return Optional.of(rows.get(row));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1000, 1})
  void stepsAreThoseOfTransformers(int microBatchTokens) throws IOException {
    JsonNode golden = GoldenSteps.named("sft");
    SftSettings settings = settings(golden.path("optimizer"), microBatchTokens);
    try (VisionLanguageModel model = GoldenSteps.policy(golden, temp);
        AdamW optimizer = new AdamW(model.parameters(), settings.optimizer());
        SftTraining training =
            new SftTraining(
                model,
                optimizer,
                settings,
                List.of(rows(golden)),
                GoldenSteps.encoder(golden),
                TinyQwen::encodeAnswer,
                1,
                0)) {
      for (JsonNode step : golden.path("steps")) {
        SortedMap<String, Double> metrics = training.step().metrics();

        assertThat(metrics.get("rows")).isEqualTo(golden.path("rows").size());
        assertThat(metrics.get("loss")).isCloseTo(step.path("loss").asDouble(), within(TOLERANCE));
        assertThat(metrics.get("grad_norm"))
            .isCloseTo(step.path("gradient_norm").asDouble(), within(TOLERANCE));
      }
      GoldenSteps.assertWeights("sft", model, TOLERANCE);
    }
  }

  private static Rows rows(JsonNode golden) {
    return new Rows(
        StreamSupport.stream(golden.path("rows").spliterator(), false)
            .map(row -> new SftExample(prompt(row.path("prompt").asInt()), answer(row)))
            .toList());
  }

  private static Prompt prompt(int place) {
    ImageRef image = new ImageRef("%064x".formatted(place), 16, 16, 1);
    return new Prompt(
        "golden:" + place, "test", String.valueOf(place), List.of(image), "", Map.of());
  }

  private static String answer(JsonNode row) {
    return StreamSupport.stream(row.path("tokens").spliterator(), false)
        .map(JsonNode::asText)
        .collect(Collectors.joining(" "));
  }

  private static SftSettings settings(JsonNode optimizer, int microBatchTokens) {
    Path none = Path.of("");
    return new SftSettings(
        List.of(new SftPhase(none, none, "{Question}", 2, 2, 3)),
        optimizer.path("learning_rate").asDouble(),
        ScheduleShape.CONSTANT,
        0,
        0,
        0,
        1,
        optimizer.path("weight_decay").asDouble(),
        optimizer.path("beta1").asDouble(),
        optimizer.path("beta2").asDouble(),
        optimizer.path("epsilon").asDouble(),
        optimizer.path("max_grad_norm").asDouble(),
        microBatchTokens,
        false,
        7,
        1);
  }
}
