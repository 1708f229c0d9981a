package dev.sampo.vlm.internvl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sampo.vlm.Goldens;
import dev.sampo.vlm.ImagePatches;
import dev.sampo.vlm.text.Message;
import dev.sampo.vlm.text.Part;
import dev.sampo.vlm.text.PromptPositions;
import dev.sampo.vlm.text.Role;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class InternVlPromptFormatTest {
  private static final int IMAGE = 9;
  private static final InternVlPromptFormat FORMAT = new InternVlPromptFormat(2);

  /** Three tiles of 4 x 4 patches. */
  private static final ImagePatches TILES = new ImagePatches(new float[0], 3, 4, 4);

  static Stream<JsonNode> conversations() {
    return Goldens.json(Goldens.ROOT.resolve("chat/opengvlab.json")).valueStream();
  }

  @ParameterizedTest
  @MethodSource("conversations")
  void theNamedConversationIsWrittenAsPublished(JsonNode expected) throws IOException {
    var format = new OpenGvLabPromptFormat(FORMAT, Optional.of("internvl2_5"));
    List<Message> conversation =
        expected.path("messages").valueStream().map(InternVlPromptFormatTest::message).toList();

    assertThat(format.chatTemplate(Path.of("none")).render(conversation))
        .isEqualTo(expected.path("rendered").asText());
  }

  private static Message message(JsonNode message) {
    return new Message(
        Role.valueOf(message.path("role").asText().toUpperCase(Locale.ROOT)),
        message.path("content").valueStream().map(InternVlPromptFormatTest::part).toList());
  }

  private static Part part(JsonNode part) {
    return part.has("text") ? new Part.Text(part.path("text").asText()) : new Part.Image();
  }

  @Test
  void tokensOfAllTilesCountAsOthersDo() {
    int[] ids = new int[14];
    Arrays.fill(ids, 1, 13, IMAGE);

    PromptPositions positions = FORMAT.positions(ids, IMAGE, List.of(TILES));

    assertThat(FORMAT.tokensOf(TILES)).isEqualTo(12);
    assertThat(positions.next()).isEqualTo(14);
    for (int[] axis : positions.positions()) {
      assertThat(axis).startsWith(0, 1, 2).endsWith(12, 13).hasSize(14);
    }
  }

  @Test
  void aPromptCutInsideAnImageIsRefused() {
    int[] ids = new int[12];
    Arrays.fill(ids, 1, 12, IMAGE);

    assertThatThrownBy(() -> FORMAT.positions(ids, IMAGE, List.of(TILES)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("1 images need 12 image tokens, the prompt has 11");
  }
}
