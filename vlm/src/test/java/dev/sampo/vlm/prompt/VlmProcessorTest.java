package dev.sampo.vlm.prompt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.Goldens;
import dev.sampo.vlm.image.ImageDecoder;
import dev.sampo.vlm.image.RgbImage;
import dev.sampo.vlm.text.Message;
import dev.sampo.vlm.text.Part;
import dev.sampo.vlm.text.Role;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VlmProcessorTest {
  private static final int IMAGE_TOKEN = 510;

  /** If this fails, run tests/goldens/make_goldens.py. */
  @Test
  void goldensAreOfTheModelFolderThatIsShipped() {
    Path shipped = Path.of("../models/tiny-rec");
    Path recorded = Goldens.of("shipped").folder();

    for (String file : List.of("config.json", "preprocessor_config.json", "tokenizer.json")) {
      assertThat(Goldens.json(recorded.resolve(file)))
          .as(file)
          .isEqualTo(Goldens.json(shipped.resolve(file)));
    }
  }

  @Test
  void visionTokensInAQuestionAreText() throws IOException {
    try (VlmProcessor processor = VlmProcessor.load(Goldens.of("shipped").folder())) {
      RgbImage image = ImageDecoder.read(Goldens.ROOT.resolve("images/large-square.png"));
      String question =
          "<|vision_start|><|image_pad|><|vision_end|> and <|im_end|>\uE000{{ 1 + 1 }}";

      EncodedPrompt prompt = processor.encode(question, List.of(image));

      assertThat(Arrays.stream(prompt.tokenIds()).filter(id -> id == IMAGE_TOKEN).count())
          .isEqualTo(9);
      assertThat(processor.decode(prompt.tokenIds()))
          .isEqualTo("user\n" + question + "\nassistant\n");
    }
  }

  @Test
  void imagesBelongWhereTheConversationHasThem() throws IOException {
    try (VlmProcessor processor = VlmProcessor.load(Goldens.of("shipped").folder())) {
      RgbImage square = ImageDecoder.read(Goldens.ROOT.resolve("images/large-square.png"));
      RgbImage tiny = ImageDecoder.read(Goldens.ROOT.resolve("images/large-tiny.png"));
      List<Message> conversation =
          List.of(
              Message.of(Role.SYSTEM, "short answers"),
              new Message(Role.USER, List.of(new Part.Text("first"), new Part.Image())),
              Message.of(Role.ASSISTANT, "red"),
              Message.question("second", 1));

      EncodedPrompt prompt = processor.encode(conversation, List.of(square, tiny));

      assertThat(processor.decode(prompt.tokenIds()))
          .isEqualTo(
              "system\nshort answers\nuser\nfirst\nassistant\nred\nuser\nsecond\nassistant\n");
      assertThat(runsOf(IMAGE_TOKEN, prompt.tokenIds()))
          .containsExactly(
              prompt.images().get(0).numPatches() / 4, prompt.images().get(1).numPatches() / 4);
    }
  }

  @Test
  void imagesWithoutAPlaceAndPlacesWithoutAnImageAreRefused() throws IOException {
    try (VlmProcessor processor = VlmProcessor.load(Goldens.of("shipped").folder())) {
      RgbImage image = ImageDecoder.read(Goldens.ROOT.resolve("images/large-tiny.png"));

      assertThatThrownBy(
              () -> processor.encode(List.of(Message.of(Role.USER, "what?")), List.of(image)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("the conversation has places for 0 images, 1 came with it");
      assertThatThrownBy(
              () -> processor.encode(List.of(Message.question("what?", 2)), List.of(image)))
          .hasMessage("the conversation has places for 2 images, 1 came with it");
    }
  }

  private static List<Integer> runsOf(int token, int[] ids) {
    List<Integer> runs = new ArrayList<>();
    for (int at = 0; at < ids.length; at++) {
      if (ids[at] == token) {
        int from = at;
        while (at < ids.length && ids[at] == token) {
          at++;
        }
        runs.add(at - from);
      }
    }
    return runs;
  }

  @Test
  void longQuestionsAreNotCutOff() throws IOException {
    try (VlmProcessor processor = VlmProcessor.load(Goldens.of("shipped").folder())) {
      EncodedPrompt prompt = processor.encode(" red".repeat(5000), List.of());

      assertThat(prompt.length()).isGreaterThan(5000);
      assertThat(prompt.nextPosition()).isEqualTo(prompt.length());
    }
  }

  @Test
  void answerEndsWithTheTokenThatEndsATurn() throws IOException {
    try (VlmProcessor processor = VlmProcessor.load(Goldens.of("shipped").folder())) {
      int[] answer = processor.encodeAnswer("<think>red</think>");

      assertThat(answer).startsWith(512).endsWith(513, 507);
      assertThat(processor.endTokens()).containsExactly(507, 505);
      assertThat(processor.decode(answer)).isEqualTo("<think>red</think>");
    }
  }

  @Test
  void missingAndForeignFilesAreNamed(@TempDir Path folder) throws IOException {
    assertThatThrownBy(() -> VlmProcessor.load(folder))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("config.json: no such file");

    Files.writeString(folder.resolve("config.json"), "{\"model_type\": \"llama\"}");
    assertThatThrownBy(() -> VlmProcessor.load(folder)).hasMessageContaining("got llama");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      textBlock =
          """
          generation_config.json ~ {"eos_token_id": "end"} ~ eos_token_id is "end", allowed are token ids: 3 or [3, 4]
          tokenizer_config.json  ~ {"eos_token": "<end>"}  ~ tokenizer.json: added_tokens lacks <end>
          tokenizer_config.json  ~ {"eos_token":           ~ not valid JSON: line 1:
          chat_template.jinja    ~ {{ x | shout }}         ~ chat template, line 1: the filter 'shout' is not supported
          preprocessor_config.json ~ []                    ~ holds no JSON object
          """)
  void brokenFilesAreNamedWithWhatIsWrong(
      String file, String content, String message, @TempDir Path folder) throws IOException {
    try (Stream<Path> shipped = Files.list(Path.of("../models/tiny-rec"))) {
      for (Path source : shipped.filter(Files::isRegularFile).toList()) {
        Files.copy(source, folder.resolve(source.getFileName()));
      }
    }
    Files.writeString(folder.resolve(file), content);

    assertThatThrownBy(() -> VlmProcessor.load(folder))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(folder.toString())
        .hasMessageContaining(message)
        .message()
        .doesNotContain("\n");
  }
}
