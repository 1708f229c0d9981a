package dev.sampo.rollout;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sampo.protocol.Completion;
import dev.sampo.protocol.SamplingSettings;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.image.ImageDecoder;
import dev.sampo.vlm.image.RgbImage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class GeneratorTest {
  private static ShippedModel shipped;

  @BeforeAll
  static void load() {
    shipped = ShippedModel.load();
  }

  @AfterAll
  static void close() {
    shipped.close();
  }

  @Test
  void greedyTokensAreThoseOfTransformers() throws IOException {
    List<EncodedPrompt> prompts = new ArrayList<>();
    List<int[]> expected = new ArrayList<>();
    JsonNode cases =
        new ObjectMapper().readTree(ShippedModel.FOLDER.resolve("cases.json").toFile());
    for (JsonNode each : cases.path("cases")) {
      if (!each.has("text") || !each.path("limits").isEmpty()) {
        continue; // several turns, or limits on the size of pictures
      }
      List<RgbImage> images = new ArrayList<>();
      for (JsonNode path : each.path("images")) {
        images.add(ImageDecoder.read(ShippedModel.FOLDER.resolve(path.asText())));
      }
      prompts.add(shipped.processor().encode(each.path("text").asText(), images));
      expected.add(upToEnd(each.path("greedy").valueStream().mapToInt(JsonNode::asInt).toArray()));
    }

    List<Completion> completions =
        generator(8).generate(prompts, SamplingSettings.greedy(32), 0, shipped.version(0));

    assertThat(completions).hasSameSizeAs(expected).hasSizeGreaterThan(2);
    for (int i = 0; i < expected.size(); i++) {
      assertThat(completions.get(i).tokens().toArray()).isEqualTo(expected.get(i));
    }
  }

  @Test
  void answersComeInOrderAndDoNotDependOnTheBatch() {
    List<EncodedPrompt> prompts =
        IntStream.range(0, 7).mapToObj(number -> shipped.prompt(number)).toList();
    SamplingSettings sampling = SamplingSettings.atTemperature(1, 10);

    List<Completion> together = generator(7).generate(prompts, sampling, 3, shipped.version(0));
    List<Completion> inPairs = generator(2).generate(prompts, sampling, 3, shipped.version(0));

    assertThat(together).extracting(Completion::tokens).doesNotHaveDuplicates();
    assertThat(inPairs)
        .extracting(Completion::tokens)
        .containsExactlyElementsOf(together.stream().map(Completion::tokens).toList());
    assertThat(generator(7).generate(prompts, sampling, 4, shipped.version(0)))
        .extracting(Completion::tokens)
        .isNotEqualTo(together.stream().map(Completion::tokens).toList());
  }

  @Test
  void theStreamedAnswerIsThatOfTheListTokenByToken() {
    SamplingSettings sampling = SamplingSettings.atTemperature(1, 10);
    EncodedPrompt prompt = shipped.prompt(0);
    List<Integer> told = new ArrayList<>();

    Completion streamed =
        generator(1).stream(prompt, sampling, 3, shipped.version(0), told::add).orElseThrow();

    Completion listed =
        generator(1).generate(List.of(prompt), sampling, 3, shipped.version(0)).getFirst();
    assertThat(streamed).isEqualTo(listed);
    assertThat(told)
        .containsExactlyElementsOf(Arrays.stream(listed.tokens().toArray()).boxed().toList());
  }

  @Test
  void aStreamThatIsEndedEarlyTellsNoFurtherToken() {
    List<Integer> told = new ArrayList<>();

    Optional<Completion> answer =
        generator(1).stream(
            shipped.prompt(0),
            SamplingSettings.atTemperature(1, 10),
            3,
            shipped.version(0),
            token -> {
              told.add(token);
              return told.size() < 3;
            });

    assertThat(answer).isEmpty();
    assertThat(told).hasSize(3);
  }

  /** The reference goes on after an end token. */
  private static int[] upToEnd(int[] tokens) {
    Set<Integer> ends = shipped.processor().endTokens();
    int length = 0;
    while (length < tokens.length && (length == 0 || !ends.contains(tokens[length - 1]))) {
      length++;
    }
    return Arrays.copyOf(tokens, length);
  }

  private static Generator generator(int rows) {
    return new Generator(shipped.model(), shipped.answers(), rows, 256, 1000);
  }
}
