package dev.sampo.reward.rec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.protocol.RewardOutcome.Scored;
import dev.sampo.reward.FormatReward;
import dev.sampo.reward.RewardFunction;
import dev.sampo.reward.RewardInput;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RecFormatRewardTest {
  private static final Pattern REC =
      Pattern.compile(
          "<think>.*?</think>\\s*<answer>.*?\\{.*\\[\\d+,\\s*\\d+,\\s*\\d+,\\s*\\d+\\].*\\}.*?</answer>",
          Pattern.DOTALL | Pattern.UNICODE_CHARACTER_CLASS);
  private static final Pattern PLAIN =
      Pattern.compile(
          "<think>.*?</think>\\s*<answer>.*?</answer>",
          Pattern.DOTALL | Pattern.UNICODE_CHARACTER_CLASS);
  private static final String[] PARTS = {
    "<think>",
    "</think>",
    "<answer>",
    "</answer>",
    "{",
    "}",
    "[1, 2, 3, 4]",
    "[1,2,3,4",
    "[5,",
    " ",
    "\n",
    "x",
    "]",
    "<think>t</think><answer>{\"b\":",
    "}</answer>"
  };

  /** The scanners must decide exactly what the expressions decide, whatever is put together. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void theScannersDecideWhatTheExpressionsDecide(long seed) {
    Random random = new Random(seed);
    int[] accepted = new int[2];
    for (int i = 0; i < 4000; i++) {
      StringBuilder text = new StringBuilder();
      for (int parts = random.nextInt(14); parts >= 0; parts--) {
        text.append(PARTS[random.nextInt(PARTS.length)]);
      }
      boolean rec = REC.matcher(text).find();
      boolean plain = PLAIN.matcher(text).matches();
      accepted[0] += rec ? 1 : 0;
      accepted[1] += plain ? 1 : 0;

      assertThat(value(new RecFormatReward(), text.toString()))
          .as("%s", text)
          .isEqualTo(rec ? 1 : 0);
      assertThat(value(new FormatReward(), text.toString()))
          .as("%s", text)
          .isEqualTo(plain ? 1 : 0);
    }
    assertThat(accepted).as("both answers occur").doesNotContain(0);
  }

  /**
   * 12 kB of this keep the regular expression busy for a minute and 12 MB would take it centuries;
   * the time limit only catches such growth, by a factor of a thousand.
   */
  @Test
  @Timeout(60)
  void textMadeToStallARegularExpressionIsReadInOnePass() {
    int repetitions = 500_000;
    String text = "<think></think><answer>{".repeat(repetitions);
    String almost = "[1,".repeat(repetitions) + "</think> ".repeat(repetitions);

    for (String hard : List.of(text, text + almost, almost, "<answer>".repeat(repetitions))) {
      assertThat(value(new RecFormatReward(), hard)).isZero();
      assertThat(value(new FormatReward(), hard)).isZero();
      assertThat(value(new IouReward(), hard)).isZero();
    }
    assertThat(value(new RecFormatReward(), text + "[1,2,3,4]}</answer>")).isOne();
  }

  private static double value(RewardFunction function, String completion) {
    RewardInput input =
        new RewardInput(
            "where?",
            completion,
            "<answer> [1, 2, 3, 4] </answer>",
            List.of(
                new RewardInput.ImageFrame(
                    84, 84, new dev.sampo.protocol.ImageGrid(1, 6, 6, OptionalInt.of(14)))),
            Map.of());
    try {
      return ((Scored) function.score(input)).value();
    } catch (Exception e) {
      throw new AssertionError("rewards do not throw, whatever a policy writes", e);
    }
  }
}
