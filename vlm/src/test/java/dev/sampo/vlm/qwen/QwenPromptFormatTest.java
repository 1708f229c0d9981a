package dev.sampo.vlm.qwen;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sampo.vlm.ImagePatches;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QwenPromptFormatTest {
  private static final int IMAGE = 9;
  private static final QwenPromptFormat FORMAT = new QwenPromptFormat(2);

  /** Two rows of three merged patches. */
  private static final ImagePatches PICTURE = new ImagePatches(new float[0], 1, 4, 6);

  @ParameterizedTest
  @CsvSource({
    "5, 6, image 1 needs 6 image tokens; the prompt has 5 of them",
    "5, 8, image 1 needs 6 image tokens; the prompt has 5 of them",
    "7, 8, the prompt has more image tokens than its 1 images need",
    "0, 4, the prompt has image tokens for 0 of 1 images"
  })
  void imageTokensThatAreNotThoseOfTheImageAreRefused(int tokens, int length, String message) {
    int[] ids = new int[length];
    Arrays.fill(ids, 1, 1 + tokens, IMAGE);

    assertThatThrownBy(() -> FORMAT.positions(ids, IMAGE, List.of(PICTURE)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message.replace(';', ','));
  }

  @Test
  void anImageTokenWithoutAnyImageIsRefused() {
    assertThatThrownBy(() -> FORMAT.positions(new int[] {1, IMAGE}, IMAGE, List.of()))
        .hasMessage("the prompt has more image tokens than its 0 images need");
  }
}
