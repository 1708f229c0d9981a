package dev.sampo.vlm.text;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sampo.vlm.Goldens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TextTokenizerTest {
  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {"model": [                 | not valid JSON: line 1:
          [1, 2]                      | holds no JSON object, allowed is { ... }
          {"version": "1.0"}          | no model, a tokenizer has a model, pre_tokenizer and decoder
          {"model": {"type": "BPE"}}  | not a tokenizer that can be read:
          {"model": {}, "added_tokens": [{"content": "<x>", "special": true}]} | added_tokens has an entry without content and id: {"content":"<x>","special":true}
          """)
  void brokenTokenizersAreNamedWithWhatIsWrong(String content, String message) throws IOException {
    Files.writeString(folder.resolve("tokenizer.json"), content);

    assertThatThrownBy(() -> TextTokenizer.load(folder, Set.of()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("tokenizer.json: " + message)
        .message()
        .doesNotContain("\n");
  }

  @Test
  void missingTokensAreNamed() throws IOException {
    try (TextTokenizer tokenizer = TextTokenizer.load(Goldens.of("shipped").folder(), Set.of())) {
      assertThatThrownBy(() -> tokenizer.requireId("<IMG_CONTEXT>"))
          .isInstanceOf(IOException.class)
          .hasMessageEndingWith("tokenizer.json: added_tokens lacks <IMG_CONTEXT>");
    }
  }
}
