package dev.sampo.vlm.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sampo.vlm.Goldens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ChatTemplateTest {
  @TempDir Path folder;

  static Stream<JsonNode> cases() {
    return Goldens.json(Goldens.ROOT.resolve("chat/cases.json")).valueStream();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void rendersAsTransformersDoes(JsonNode expected) throws IOException {
    Path recorded = Goldens.ROOT.resolve("chat").resolve(expected.path("template").asText());
    Files.copy(recorded, folder.resolve("chat_template.jinja"));

    String rendered =
        ChatTemplate.load(folder)
            .render(
                List.of(
                    Message.question(
                        expected.path("text").asText(), expected.path("images").asInt())));

    assertThat(rendered).isEqualTo(expected.path("rendered").asText());
  }

  @Test
  void templateInsideTheTokenizerSettingsIsFound() throws IOException {
    Files.writeString(
        folder.resolve("tokenizer_config.json"),
        "{\"chat_template\": \"{{ messages[0].role }}!\"}");

    assertThat(ChatTemplate.load(folder).render(List.of(Message.of(Role.USER, ""))))
        .isEqualTo("user!");
  }

  @Test
  void missingOrBrokenTemplateIsNamed() throws IOException {
    assertThatThrownBy(() -> ChatTemplate.load(folder))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no chat template");

    Files.writeString(folder.resolve("chat_template.jinja"), "{% for x in %}");
    assertThatThrownBy(() -> ChatTemplate.load(folder).render(List.of(Message.of(Role.USER, ""))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("chat_template.jinja: cannot be rendered");
  }
}
