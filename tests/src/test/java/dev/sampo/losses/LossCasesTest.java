package dev.sampo.losses;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Values, gradients and statistics of the published cases, through what the learner runs. */
class LossCasesTest {
  /** Cases of what this project does not have, with a word of the reason. */
  private static final Map<String, String> REFUSED =
      Map.of(
          "advantage/max_rl/", "missing option: advantage max_rl",
          "advantage/pass_at_k/", "missing option: advantage pass_at_k",
          "loss/gmpo_geo_mean/", "gmpo",
          "loss/sapo/", "missing option: surrogate sapo",
          "loss/vespo/", "missing option: surrogate vespo",
          "loss/dppo_tv/", "missing option: surrogate dppo",
          "loss/ipo_symmetric/", "missing option: surrogate ipo",
          "trainer.small_image_resize#6", "a defect of VLM-R1");

  static List<CaseLine> lossCases() throws IOException {
    return read("loss-cases.jsonl");
  }

  static List<CaseLine> trainerCases() throws IOException {
    return read("trainer-cases.jsonl");
  }

  @ParameterizedTest
  @MethodSource({"lossCases", "trainerCases"})
  void theLearnerComputesWhatOthersComputed(CaseLine line) {
    Verdict verdict = CaseCheck.of(line);

    String expected =
        REFUSED.entrySet().stream()
            .filter(entry -> line.variant().startsWith(entry.getKey()))
            .map(Map.Entry::getValue)
            .findFirst()
            .orElse("");
    if (!expected.isEmpty()) {
      assertThat(verdict).isInstanceOf(Verdict.Unsupported.class);
      assertThat(verdict.text()).contains(expected);
    } else {
      assertThat(verdict).as(verdict.text()).isInstanceOf(Verdict.Ok.class);
    }
  }

  /** Beside the published ones: a last chunk that is incomplete, several small images. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"function\": \"trainer.sampler_order\", \"extra\": {\"permutation\": [2, 0, 3, 1, 4],"
            + " \"num_generations\": 2, \"prompts_per_optimizer_step\": 2, \"num_iterations\": 2},"
            + " \"expected\": {\"order\": [2, 2, 0, 0, 2, 2, 0, 0, 3, 3, 1, 1, 3, 3, 1, 1],"
            + " \"reported_len\": 20}}",
        "{\"expected\": [[1, 0], [1, 1], [1, 1]], \"function\": \"trainer.completion_mask\", \"extra\":"
            + " {\"eos_token_id\": 151645, \"completion_ids\": [[151645, 1], [1, 151645], [-1, 3]]}}",
        "{\"function\": \"trainer.small_image_resize\", \"extra\": {\"per_sample_image_sizes\":"
            + " [[[640, 480]], [[20, 40], [5, 45]]]}, \"expected\": [[640, 480], [28, 56], [28, 251]]}",
      })
  void furtherCasesOfTheTrainerHold(String text) {
    Verdict verdict = CaseCheck.of(CaseLine.parse(text, 1).orElseThrow());

    assertThat(verdict).as(verdict.text()).isInstanceOf(Verdict.Ok.class);
  }

  @Test
  void aWrongNumberIsAMiss() throws IOException {
    CaseLine line = named("loss/grpo/seq_mean_small");
    String wrong = line.expected().toString().replace("-0.0335630021266", "-0.0335630022266");

    Verdict verdict = CaseCheck.of(parsed("wrong", "loss/wrong", line.inputs().toString(), wrong));

    assertThat(verdict).isInstanceOf(Verdict.Miss.class);
    assertThat(verdict.text()).startsWith("float64 loss");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"variant\": \"loss/x\", \"inputs\": {}, \"expected\": {\"loss\": 1}}",
        "{\"variant\": \"loss/x\", \"inputs\": {\"logp\": 3}, \"expected\": null}",
        "{\"variant\": \"loss/x\", \"inputs\": {\"logp\": [[-1], [-1]], \"old_logp\": [[-1]],"
            + " \"mask\": [[1], [1]], \"advantages\": [1, 1], \"aggregation\": \"token_sum\"},"
            + " \"expected\": {\"loss\": 1}}",
        "{\"function\": \"trainer.sampler_order\", \"extra\": {\"permutation\": [1, 0],"
            + " \"num_generations\": 2, \"prompts_per_optimizer_step\": 3, \"num_iterations\": 1},"
            + " \"expected\": {\"order\": [], \"reported_len\": 4}}",
        "{\"function\": \"trainer.group_advantage\", \"extra\": {\"rewards_summed\": [1],"
            + " \"num_generations\": 1}, \"expected\": [NaN]}",
        "{\"variant\": \"loss/x\", \"inputs\": {\"logp\": [[-1]], \"old_logp\": [[-99]],"
            + " \"mask\": [[1]], \"advantages\": [-1], \"aggregation\": \"token_sum\"},"
            + " \"expected\": {\"loss\": 3.63797094760881e+42}}",
        "{\"variant\": \"unheard/of\", \"inputs\": [], \"expected\": []}",
        "{\"variant\": \"kl/k9\", \"inputs\": {\"logp\": [1]}, \"expected\": {}}",
        "{\"variant\": \"advantage/x\", \"inputs\": {\"rewards\": [1]}, \"expected\": {}}",
        "{\"variant\": \"capacity/x\", \"inputs\": {\"version\": 1}, \"expected\": {}}",
      })
  void whatCannotBeRunIsUnsupportedAndNamed(String text) {
    Verdict verdict = CaseCheck.of(CaseLine.parse(text, 1).orElseThrow());

    assertThat(verdict).isInstanceOf(Verdict.Unsupported.class);
    assertThat(verdict.text()).isNotBlank();
  }

  @Test
  void aFieldThatNobodyReadsIsNotPassedOver() throws IOException {
    CaseLine line = named("loss/grpo/seq_mean_small");
    String inputs = line.inputs().toString().replaceFirst("\\{", "{\"surprise\": 1, ");

    Verdict verdict =
        CaseCheck.of(parsed("surprise", "loss/x", inputs, line.expected().toString()));

    assertThat(verdict.text()).isEqualTo("unknown field inputs.surprise");
  }

  private static CaseLine parsed(String what, String variant, String inputs, String expected) {
    String text =
        "{\"variant\": \"%s\", \"inputs\": %s, \"expected\": %s}"
            .formatted(variant, inputs, expected);
    return CaseLine.parse(text, 1).orElseThrow(() -> new AssertionError(what));
  }

  private static CaseLine named(String variant) throws IOException {
    return lossCases().stream()
        .filter(line -> line.variant().equals(variant))
        .findFirst()
        .orElseThrow();
  }

  private static List<CaseLine> read(String resource) throws IOException {
    List<CaseLine> lines = new ArrayList<>();
    try (InputStream stream =
            Objects.requireNonNull(LossCasesTest.class.getResourceAsStream(resource));
        BufferedReader reader =
            new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
      Stream<String> texts = reader.lines();
      texts.forEach(text -> CaseLine.parse(text, lines.size() + 1).ifPresent(lines::add));
    }
    return lines;
  }
}
