package dev.sampo.vlm.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sampo.vlm.Goldens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

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

  /** What tests/goldens/make_tokenizers.py recorded, with special tokens in the vocabulary. */
  @ParameterizedTest
  @ValueSource(strings = {"template", "first-word", "both-ends", "nothing"})
  void tokenizersOfTheLlamaKindGiveWhatTransformersGives(String name) throws IOException {
    Path recorded = Goldens.ROOT.resolve("tokenizers").resolve(name);
    JsonNode cases = Goldens.json(recorded.resolve("cases.json"));
    try (TextTokenizer tokenizer = TextTokenizer.load(recorded, Set.of())) {
      PromptText prompts =
          new PromptText(ChatTemplate.load(recorded).withJoinedParts(""), tokenizer);
      for (JsonNode expected : cases.path("prompts")) {
        assertThat(prompts.encode(conversation(expected.path("messages"))))
            .isEqualTo(Goldens.ints(expected.path("ids")));
      }
      for (JsonNode expected : cases.path("plain")) {
        assertThat(tokenizer.encodePlain(expected.path("text").asText()))
            .isEqualTo(Goldens.ints(expected.path("ids")));
      }
      for (JsonNode expected : cases.path("decoded")) {
        int[] ids = Goldens.ints(expected.path("ids"));
        assertThat(tokenizer.decode(ids)).isEqualTo(expected.path("text").asText());
        assertThat(streamed(tokenizer, ids)).isEqualTo(expected.path("text").asText());
      }
      for (JsonNode expected : cases.path("added")) {
        assertThat(tokenizer.requireId(expected.path("token").asText()))
            .isEqualTo(expected.path("id").asInt());
      }
    }
  }

  /** The vocabulary must not turn what a user says into a special token behind our back. */
  @ParameterizedTest
  @ValueSource(strings = {"\"<\", \"/s>\"", "\"</\", \"s>\""})
  void mergesDoNotMakeSpecialTokensOfText(String merge) throws IOException {
    Files.writeString(
        folder.resolve("tokenizer.json"),
        """
        {"model": {"type": "BPE", "unk_token": "</s>", "merges": [["/", "s"], ["s", ">"], ["/s", ">"], ["<", "/"], [%s], ["</s>", "a"]],
          "vocab": {"<": 0, "/": 1, "s": 2, ">": 3, "/s": 4, "s>": 5, "/s>": 6, "</": 7, "</s>": 8, "a": 9, "</s>a": 10}},
         "added_tokens": [{"id": 8, "content": "</s>", "special": true, "single_word": false,
           "lstrip": false, "rstrip": false, "normalized": false}]}
        """
            .formatted(merge));

    try (TextTokenizer tokenizer = TextTokenizer.load(folder, Set.of())) {
      assertThat(tokenizer.encodePlain("</s>a")).doesNotContain(8, 10).hasSizeGreaterThan(1);
      assertThat(tokenizer.encode("</s>a", '\uE000')).containsExactly(8, 9);
    }
  }

  @Test
  void unigramVocabulariesKeepTheIdsOfSpecialTokens() throws IOException {
    Files.writeString(
        folder.resolve("tokenizer.json"),
        """
        {"model": {"type": "Unigram", "unk_id": 0, "byte_fallback": false,
          "vocab": [["<unk>", 0.0], ["</s>", 0.0], ["<", -1.0], ["/", -1.0], ["s", -1.0], [">", -1.0]]},
         "added_tokens": [{"id": 1, "content": "</s>", "special": true, "single_word": false,
           "lstrip": false, "rstrip": false, "normalized": false}]}
        """);

    try (TextTokenizer tokenizer = TextTokenizer.load(folder, Set.of())) {
      assertThat(tokenizer.encodePlain("</s>")).containsExactly(2, 3, 4, 5);
      assertThat(tokenizer.encode("s</s>", '\uE000')).containsExactly(4, 1);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {"tokenizer_class": "LlamaTokenizer", "bos_token": null}  | add_bos_token without bos_token
          {"tokenizer_class": "LlamaTokenizer", "bos_token": "<z>"} | bos_token is <z>, which added_tokens lacks
          """)
  void aMissingFirstTokenIsNamed(String settings, String message) throws IOException {
    Files.copy(
        Goldens.ROOT.resolve("tokenizers/nothing/tokenizer.json"),
        folder.resolve("tokenizer.json"));
    Files.writeString(folder.resolve("tokenizer_config.json"), settings);

    assertThatThrownBy(() -> TextTokenizer.load(folder, Set.of()))
        .isInstanceOf(IOException.class)
        .hasMessageEndingWith("tokenizer_config.json: " + message);
  }

  @Test
  void aFolderWithNothingButSentencePiecesSaysWhatToDo() throws IOException {
    Files.writeString(folder.resolve("tokenizer.model"), "");

    assertThatThrownBy(() -> TextTokenizer.load(folder, Set.of()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("tokenizer.json: no such file, and tokenizer.model cannot be read;");
  }

  private static List<Message> conversation(JsonNode messages) {
    return messages
        .valueStream()
        .map(turn ->
            Message.of(
                Role.valueOf(turn.path(0).asText().toUpperCase(Locale.ROOT)),
                turn.path(1).asText()))
        .toList();
  }

  private static String streamed(TextTokenizer tokenizer, int[] ids) {
    TextStream stream = tokenizer.newStream();
    StringBuilder text = new StringBuilder();
    for (int id : ids) {
      text.append(stream.add(id));
    }
    return text.append(stream.finish()).toString();
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
