package dev.sampo.vlm.prompt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.Goldens;
import dev.sampo.vlm.ImagePatches;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

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

  @ParameterizedTest
  @MethodSource("dev.sampo.vlm.Goldens#all")
  void tokenIdsAndPositionsEqualTransformers(Goldens goldens) throws IOException {
    try (VlmProcessor processor = VlmProcessor.load(goldens.folder())) {
      for (JsonNode expected : goldens.cases()) {
        EncodedPrompt prompt = processor.encode(expected.path("text").asText(), images(expected));

        assertThat(prompt.tokenIds())
            .as("%s", expected.path("name"))
            .containsExactly(Goldens.ints(expected.path("token_ids")));
        for (int axis = 0; axis < 3; axis++) {
          assertThat(prompt.positions()[axis])
              .as("%s, axis %d", expected.path("name"), axis)
              .containsExactly(Goldens.ints(expected.path("positions").path(axis)));
        }
        assertThat(prompt.nextPosition()).isEqualTo(expected.path("next_position").asInt());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dev.sampo.vlm.Goldens#all")
  void patchesEqualTransformers(Goldens goldens) throws IOException {
    try (VlmProcessor processor = VlmProcessor.load(goldens.folder())) {
      for (JsonNode expected : goldens.cases()) {
        List<ImagePatches> patches = processor.encode("", images(expected)).images();

        for (int i = 0; i < patches.size(); i++) {
          String name = expected.path("name").asText() + ".pixels." + i;
          assertThat(patches.get(i).temporal()).isEqualTo(1);
          assertThat(new int[] {1, patches.get(i).height(), patches.get(i).width()})
              .containsExactly(Goldens.ints(expected.path("grids").path(i)));
          int patch = patches.get(i).values().length / patches.get(i).numPatches() / (2 * 3);
          assertThat(patches.get(i).values())
              .as(name)
              .containsExactly(twoFrames(goldens.tensor(name), patch));
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dev.sampo.vlm.Goldens#all")
  void generatedTokensAreDecodedAsTransformersDoes(Goldens goldens) throws IOException {
    try (VlmProcessor processor = VlmProcessor.load(goldens.folder())) {
      for (JsonNode expected : goldens.cases()) {
        assertThat(processor.decode(Goldens.ints(expected.path("greedy"))))
            .isEqualTo(expected.path("decoded").asText());
      }
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

  static List<RgbImage> images(JsonNode expected) {
    return expected
        .path("images")
        .valueStream()
        .map(name -> ImageDecoder.read(Goldens.ROOT.resolve("images").resolve(name.asText())))
        .toList();
  }

  /** Transformers repeats a still picture; only one frame of each channel is recorded. */
  private static float[] twoFrames(float[] oneFrame, int frame) {
    float[] values = new float[2 * oneFrame.length];
    for (int at = 0; at < oneFrame.length; at += frame) {
      System.arraycopy(oneFrame, at, values, 2 * at, frame);
      System.arraycopy(oneFrame, at, values, 2 * at + frame, frame);
    }
    return values;
  }
}
