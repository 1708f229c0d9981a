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
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What tests/goldens/make_chat.py recorded, and where templates are found. */
class ChatTemplateTest {
  private static final Path RECORDED = Goldens.ROOT.resolve("chat");
  private static final String IMAGE = "<IMG_CONTEXT>\n";
  private static final Map<String, String> VARIABLES =
      Map.of("bos_token", "<s>", "eos_token", "<|im_end|>");
  private static final List<Message> HELLO = List.of(Message.of(Role.USER, "Hello."));

  @TempDir Path folder;

  static Stream<JsonNode> cases() {
    return Goldens.json(RECORDED.resolve("cases.json")).valueStream();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void templatesOfTheFamiliesRenderAsInPython(JsonNode expected) throws IOException {
    Path file = RECORDED.resolve(expected.path("template").asText() + ".jinja");

    String rendered =
        template(Files.readString(file), expected.path("joined").asBoolean())
            .render(conversation(expected.path("messages")));

    assertThat(rendered).isEqualTo(expected.path("rendered").asText());
  }

  static Stream<JsonNode> constructs() {
    return Goldens.json(RECORDED.resolve("constructs.json")).path("constructs").valueStream();
  }

  @ParameterizedTest
  @MethodSource("constructs")
  void constructsRenderAsInPythonOrAreRefused(JsonNode expected) {
    JsonNode messages = Goldens.json(RECORDED.resolve("constructs.json")).path("messages");

    Optional<String> rendered =
        tryRender(
            expected.path("template").asText(),
            expected.path("joined").asBoolean(),
            conversation(messages));

    if (rendered.isPresent() || expected.path("must").asBoolean()) {
      assertThat(rendered).isEqualTo(Optional.ofNullable(expected.path("rendered").textValue()));
    }
  }

  @Test
  void theListOfNamedTemplatesHasADefault() throws IOException {
    Files.writeString(
        folder.resolve("tokenizer_config.json"),
        """
        {"eos_token": {"content": "<end>"}, "chat_template": [
          {"name": "tool_use", "template": "tools"},
          {"name": "default", "template": "{{ messages[0].role }}{{ eos_token }}"}]}\
        """);

    assertThat(ChatTemplate.load(folder).render(HELLO)).isEqualTo("user<end>");
  }

  @Test
  void theFirstOfSeveralTemplatesIsTheOneThatTransformersTakes() throws IOException {
    Files.writeString(folder.resolve("tokenizer_config.json"), "{\"chat_template\": \"settings\"}");
    assertThat(ChatTemplate.load(folder).render(HELLO)).isEqualTo("settings");

    Files.createDirectory(folder.resolve("additional_chat_templates"));
    Files.writeString(folder.resolve("additional_chat_templates/default.jinja"), "additional");
    assertThat(ChatTemplate.load(folder).render(HELLO)).isEqualTo("additional");

    Files.writeString(folder.resolve("chat_template.jinja"), "plain");
    assertThat(ChatTemplate.load(folder).render(HELLO)).isEqualTo("plain");

    Files.writeString(folder.resolve("chat_template.json"), "{\"chat_template\": \"json\"}");
    assertThat(ChatTemplate.load(folder).render(HELLO)).isEqualTo("json");
  }

  @Test
  void missingAndBrokenTemplatesAreNamed() throws IOException {
    assertThatThrownBy(() -> ChatTemplate.load(folder))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no chat template; allowed are chat_template.json");

    Files.writeString(folder.resolve("chat_template.jinja"), "a\n{% for x in messages %}");
    assertThatThrownBy(() -> ChatTemplate.load(folder))
        .isInstanceOf(IOException.class)
        .hasMessageEndingWith("chat_template.jinja: chat template, line 2: 'for' is not closed");

    Files.writeString(folder.resolve("chat_template.jinja"), "a\n{{ x | indent }}");
    assertThatThrownBy(() -> ChatTemplate.load(folder))
        .hasMessageContaining("line 2: the filter 'indent' is not supported, allowed are count, ");

    Files.writeString(
        folder.resolve("chat_template.json"), "{\"chat_template\": [{\"name\": \"rag\"}]}");
    assertThatThrownBy(() -> ChatTemplate.load(folder))
        .hasMessageContaining("chat_template.json: chat_template has no template")
        .hasMessageEndingWith("there are [rag]");

    Files.writeString(folder.resolve("chat_template.json"), "{\"chat_template\": \"\n");
    assertThatThrownBy(() -> ChatTemplate.load(folder))
        .hasMessageContaining("chat_template.json: not valid JSON: line 1: ");
  }

  @Test
  void whatTheTemplateRefusesIsSaid() throws IOException {
    ChatTemplate template = template("{{ raise_exception('Only users!') }}", false);

    assertThatThrownBy(() -> template.render(HELLO))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("recorded: cannot be rendered")
        .hasMessageContaining("the template refuses: Only users!");
  }

  private static Optional<String> tryRender(
      String source, boolean joined, List<Message> conversation) {
    try {
      return Optional.of(template(source, joined).render(conversation));
    } catch (IOException | IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static ChatTemplate template(String source, boolean joined) throws IOException {
    ChatTemplate template = ChatTemplate.of(source, Path.of("recorded"), VARIABLES);
    return joined ? template.withJoinedParts(IMAGE) : template;
  }

  private static List<Message> conversation(JsonNode messages) {
    return messages
        .valueStream()
        .map(message ->
            new Message(
                Role.valueOf(message.path("role").asText().toUpperCase(Locale.ROOT)),
                message.path("content").valueStream().map(ChatTemplateTest::part).toList()))
        .toList();
  }

  private static Part part(JsonNode part) {
    return part.path("type").asText().equals("image")
        ? new Part.Image()
        : new Part.Text(part.path("text").asText());
  }
}
