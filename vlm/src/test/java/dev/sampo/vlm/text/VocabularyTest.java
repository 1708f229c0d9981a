package dev.sampo.vlm.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sampo.vlm.Goldens;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * 2,000 lines in many scripts, as tests/goldens/make_vocabulary.py recorded them: with the start of
 * Qwen2.5's vocabulary, and with the whole of it where {@code -Pfull} has fetched it.
 */
class VocabularyTest {
  private static final Path RECORDED = Goldens.ROOT.resolve("vocabulary");
  private static final Path WHOLE = Path.of("target/vocabulary");

  @Test
  void linesHaveTheTokensOfTheReferenceInTheCutVocabulary() throws IOException {
    compare(RECORDED.resolve("cut"), "cut");
  }

  /** As published checkpoints of OpenGVLab have it. */
  @Test
  void linesHaveTheSameTokensWithoutATokenizerJson(@TempDir Path folder) throws IOException {
    JsonNode cut = Goldens.json(RECORDED.resolve("cut/tokenizer.json"));
    ObjectMapper json = new ObjectMapper();
    ObjectNode settings = json.createObjectNode().put("tokenizer_class", "Qwen2Tokenizer");
    ObjectNode added = settings.putObject("added_tokens_decoder");
    cut.path("added_tokens").forEach(token -> added.set(token.path("id").asText(), token));
    json.writeValue(folder.resolve("tokenizer_config.json").toFile(), settings);
    json.writeValue(folder.resolve("vocab.json").toFile(), cut.path("model").path("vocab"));
    Files.writeString(
        folder.resolve("merges.txt"),
        cut.path("model")
            .path("merges")
            .valueStream()
            .map(JsonNode::asText)
            .collect(Collectors.joining("\n", "#version: 0.2\n", "\n")));

    compare(folder, "cut");
  }

  @Test
  void otherTokenizersWithoutATokenizerJsonAreRefused(@TempDir Path folder) throws IOException {
    Files.writeString(folder.resolve("merges.txt"), "a b\n");
    Files.writeString(
        folder.resolve("tokenizer_config.json"), "{\"tokenizer_class\": \"GPT2Tokenizer\"}");

    assertThatThrownBy(() -> TextTokenizer.load(folder, Set.of()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("tokenizer_class is GPT2Tokenizer; without a tokenizer.json only");
  }

  @Test
  void linesHaveTheTokensOfTheReferenceInTheWholeVocabulary() throws IOException {
    requireWhole();

    compare(WHOLE, "ids");
  }

  @Test
  void thePublishedChatTemplateRendersAsInPython() throws IOException {
    requireWhole();
    JsonNode expected = Goldens.json(RECORDED.resolve("chat.json"));
    List<Message> conversation =
        expected
            .path("messages")
            .valueStream()
            .map(turn ->
                Message.of(
                    Role.valueOf(turn.path(0).asText().toUpperCase(Locale.ROOT)),
                    turn.path(1).asText()))
            .toList();

    assertThat(ChatTemplate.load(WHOLE).withJoinedParts("").render(conversation))
        .isEqualTo(expected.path("rendered").asText());
  }

  private static void compare(Path folder, String key) throws IOException {
    List<String> misses = new ArrayList<>();
    int lines = 0;
    try (TextTokenizer tokenizer = TextTokenizer.load(folder, Set.of())) {
      for (JsonNode line : recorded()) {
        lines++;
        String text = line.path("text").asText();
        int[] expected = Goldens.ints(line.path(key));
        String decoded = line.path("decoded").asText(text);
        boolean equal =
            Arrays.equals(tokenizer.encodePlain(text), expected)
                && tokenizer.decode(expected).equals(decoded)
                && streamed(tokenizer, expected).equals(decoded);
        if (!equal) {
          misses.add(text);
        }
      }
    }
    assertThat(lines).isEqualTo(2000);
    assertThat(misses).isEmpty();
  }

  private static String streamed(TextTokenizer tokenizer, int[] ids) {
    TextStream stream = tokenizer.newStream();
    StringBuilder text = new StringBuilder();
    for (int id : ids) {
      text.append(stream.add(id));
    }
    return text.append(stream.finish()).toString();
  }

  private static JsonNode recorded() throws IOException {
    try (InputStream lines =
        new GZIPInputStream(Files.newInputStream(RECORDED.resolve("lines.json.gz")))) {
      return new ObjectMapper().readTree(lines);
    }
  }

  private static void requireWhole() {
    assumeTrue(
        Files.isRegularFile(WHOLE.resolve("tokenizer.json")),
        "no whole vocabulary: mvn -Pfull verify fetches it");
  }
}
