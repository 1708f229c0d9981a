package dev.sampo.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.sampo.protocol.ImageGrid;
import dev.sampo.protocol.RewardOutcome;
import dev.sampo.reward.RewardInput.ImageFrame;
import dev.sampo.reward.rec.IouReward;
import dev.sampo.reward.rec.RecFormatReward;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the reward functions of VLM-R1 answered, recorded by running them. */
class VlmR1RewardCasesTest {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  static Stream<JsonNode> formatCases() throws IOException {
    return cases("jsonl.format_reward");
  }

  static Stream<JsonNode> recFormatCases() throws IOException {
    return cases("qwen.format_reward_rec");
  }

  static Stream<JsonNode> iouCases() throws IOException {
    return cases("qwen.iou_reward");
  }

  @ParameterizedTest
  @MethodSource("formatCases")
  void formatAgrees(JsonNode recorded) {
    assertAgrees(new FormatReward().score(input(recorded)), recorded);
  }

  @ParameterizedTest
  @MethodSource("recFormatCases")
  void recFormatAgrees(JsonNode recorded) {
    assertAgrees(new RecFormatReward().score(input(recorded)), recorded);
  }

  /** Where theirs raises, or hides a bad reference answer behind a 0, ours says unscorable. */
  @ParameterizedTest
  @MethodSource("iouCases")
  void iouAgreesAndNoExceptionEscapes(JsonNode recorded) {
    boolean badReference =
        recorded.at("/extra/note").asText().startsWith("3-number ground truth")
            || recorded.path("expected").has("raises");

    RewardOutcome outcome = new IouReward().score(input(recorded));

    if (badReference) {
      assertThat(outcome).isInstanceOf(RewardOutcome.Unscorable.class);
    } else {
      assertAgrees(outcome, recorded);
    }
  }

  private static void assertAgrees(RewardOutcome outcome, JsonNode recorded) {
    double expected = recorded.path("expected").doubleValue();
    assertThat(outcome).isInstanceOf(RewardOutcome.Scored.class);
    assertThat(((RewardOutcome.Scored) outcome).value())
        .isCloseTo(expected, within(1e-12 * Math.abs(expected)));
  }

  private static RewardInput input(JsonNode recorded) {
    JsonNode size = recorded.at("/extra/image_size");
    JsonNode grid = recorded.at("/extra/image_grid_thw");
    List<ImageFrame> images =
        size.isArray() && grid.isArray()
            ? List.of(
                new ImageFrame(
                    size.get(0).asInt(),
                    size.get(1).asInt(),
                    new ImageGrid(
                        grid.get(0).asInt(),
                        grid.get(1).asInt(),
                        grid.get(2).asInt(),
                        OptionalInt.of(14))))
            : List.of();
    return new RewardInput(
        "where?",
        recorded.path("completion").asText(),
        recorded.path("solution").asText(),
        images,
        Map.of());
  }

  private static Stream<JsonNode> cases(String function) throws IOException {
    List<JsonNode> cases = new ArrayList<>();
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(
                Objects.requireNonNull(
                    VlmR1RewardCasesTest.class.getResourceAsStream("vlm-r1-cases.jsonl")),
                StandardCharsets.UTF_8))) {
      for (String line : lines.lines().toList()) {
        cases.add(JSON.readTree(line));
      }
    }
    return cases.stream().filter(row -> row.path("function").asText().equals(function));
  }
}
