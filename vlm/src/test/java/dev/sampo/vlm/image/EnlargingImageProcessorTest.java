package dev.sampo.vlm.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sampo.vlm.Goldens;
import dev.sampo.vlm.ImagePatches;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Small pictures against Pillow and the sizes of VLM-R1. */
class EnlargingImageProcessorTest {
  private static final Path FOLDER = Goldens.ROOT.resolve("pictures");

  private final List<RgbImage> seen = new ArrayList<>();
  private final ImageProcessor model =
      image -> {
        seen.add(image);
        return new ImagePatches(new float[0], 0, 0, 0);
      };

  static Stream<JsonNode> pictures() {
    return Goldens.json(FOLDER.resolve("cases.json")).path("enlarged").valueStream();
  }

  @ParameterizedTest
  @MethodSource("pictures")
  void theModelGetsASmallPictureAsPillowEnlargesIt(JsonNode expected) {
    RgbImage enlarged = ImageDecoder.read(FOLDER.resolve(expected.path("enlarged").asText()));

    limits(28)
        .enlarging(model)
        .process(ImageDecoder.read(FOLDER.resolve(expected.path("file").asText())));

    assertThat(seen).hasSize(1);
    assertThat(seen.getFirst().width()).isEqualTo(enlarged.width());
    assertThat(seen.getFirst().height()).isEqualTo(enlarged.height());
    assertThat(seen.getFirst().rgb()).containsExactly(enlarged.rgb());
  }

  @Test
  void aSmallPictureChangesNoneAfterIt() {
    ImageProcessor processor = limits(28).enlarging(model);

    processor.process(new RgbImage(20, 40, new byte[20 * 40 * 3]));
    processor.process(new RgbImage(28, 30, new byte[28 * 30 * 3]));

    assertThat(seen).extracting(RgbImage::width).containsExactly(28, 28);
    assertThat(seen).extracting(RgbImage::height).containsExactly(56, 30);
  }

  @ParameterizedTest
  @CsvSource({"5, 45, 28, 251", "45, 5, 251, 28", "27, 27, 28, 28", "28, 1, 784, 28"})
  void theOtherSideIsRoundedDownAsInVlmR1(int width, int height, int newWidth, int newHeight) {
    assertThat(limits(28).enlarged(new PixelSize(width, height)))
        .isEqualTo(new PixelSize(newWidth, newHeight));
  }

  @Test
  void withoutAMinimumTheModelGetsPicturesAsTheyAre() {
    assertThat(ImageLimits.NONE.enlarging(model)).isSameAs(model);
  }

  @Test
  void aMinimumThatIsNoneOrMakesAPictureTooLongIsRefused() {
    assertThatThrownBy(() -> limits(-1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("min-side must be 0 to 4096 (0 is off), got -1");
    assertThatThrownBy(() -> limits(28).enlarged(new PixelSize(1, 2000)))
        .isInstanceOf(InvalidImageException.class)
        .hasMessage(
            "image of 1 x 2000 pixels: with a shorter side of 28 the longer one is over 32768");
  }

  private static ImageLimits limits(int minSide) {
    return new ImageLimits(
        OptionalLong.empty(), OptionalLong.empty(), OptionalInt.empty(), minSide);
  }
}
