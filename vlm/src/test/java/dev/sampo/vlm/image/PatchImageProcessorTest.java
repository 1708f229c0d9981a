package dev.sampo.vlm.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sampo.vlm.Goldens;
import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sizes, resizing and cutting against Pillow and Transformers. */
class PatchImageProcessorTest {
  private static final Path FOLDER = Goldens.ROOT.resolve("pictures");
  private static final JsonNode CASES = Goldens.json(FOLDER.resolve("cases.json"));

  static Stream<JsonNode> pictures() {
    return CASES.path("pictures").valueStream();
  }

  @ParameterizedTest
  @MethodSource("pictures")
  void decodedAndResizedAsPillowDoes(JsonNode expected) {
    PatchImageProcessor processor =
        processor("{\"max_pixels\": %s}".formatted(expected.path("max_pixels")));
    RgbImage resized = ImageDecoder.read(FOLDER.resolve(expected.path("resized").asText()));

    RgbImage image = ImageDecoder.read(FOLDER.resolve(expected.path("file").asText()));
    PixelSize size = processor.targetSize(image.width(), image.height());
    RgbImage actual = Resampling.BICUBIC.resize(image, size.width(), size.height());

    assertThat(size).isEqualTo(new PixelSize(resized.width(), resized.height()));
    assertThat(actual.rgb()).containsExactly(resized.rgb());
  }

  @Test
  void sizesEqualTransformers() {
    for (JsonNode row : CASES.path("sizes")) {
      int[] size = Goldens.ints(row);
      PatchImageProcessor processor =
          processor("{\"min_pixels\": 3136, \"max_pixels\": %d}".formatted(size[2]));

      assertThat(processor.targetSize(size[0], size[1]))
          .as("%s", row)
          .isEqualTo(new PixelSize(size[3], size[4]));
    }
  }

  /**
   * Transformers up to 4.49 refused sides under 28; 4.57.1 lets them grow. What both refuse is a
   * side over 200 times the other.
   */
  @ParameterizedTest
  @MethodSource("dev.sampo.vlm.image.PublishedSizes#smartResizes")
  void sizesEqualVlmR1(JsonNode published) {
    int width = published.path("width").asInt();
    int height = published.path("height").asInt();
    JsonNode expected = published.path("expected");
    PatchImageProcessor processor =
        processor(
            "{\"min_pixels\": %s, \"max_pixels\": %s}"
                .formatted(published.path("min_pixels"), published.path("max_pixels")));

    if (expected.has("width")) {
      assertThat(processor.targetSize(width, height))
          .isEqualTo(
              new PixelSize(expected.path("width").asInt(), expected.path("height").asInt()));
    } else if (width > 200 * height) {
      assertThatThrownBy(() -> processor.targetSize(width, height))
          .isInstanceOf(InvalidImageException.class);
    } else {
      assertThat(processor.targetSize(width, height)).isEqualTo(new PixelSize(112, 28));
    }
  }

  @Test
  void boundsAreReadFromTheNewerKeysToo() {
    PatchSettings settings =
        settings(
            "{\"min_pixels\": null, \"size\": {\"shortest_edge\": 784, \"longest_edge\": 1568}}");

    assertThat(settings.minPixels()).isEqualTo(784);
    assertThat(settings.maxPixels()).isEqualTo(1568);
  }

  @Test
  void withoutResizingNormalisingAndRescalingSamplesAreKept() {
    PatchImageProcessor processor =
        processor(
            "{\"do_resize\": false, \"do_rescale\": false, \"do_normalize\": false, \"patch_size\": 1,"
                + " \"merge_size\": 1, \"temporal_patch_size\": 1}");

    float[] values = processor.process(new RgbImage(1, 2, new byte[] {0, 1, 2, 3, 4, -1})).values();

    assertThat(values).containsExactly(0, 1, 2, 3, 4, 255);
  }

  @Test
  void shapeThatCannotBeCutIsRefused() {
    assertThatThrownBy(() -> processor("{\"do_resize\": false}").process(blank(28, 30)))
        .isInstanceOf(InvalidImageException.class)
        .hasMessage(
            "image of 28 x 30 pixels: with do_resize false both sides must be multiples of 28");
    assertThatThrownBy(() -> processor("{}").process(blank(201, 1)))
        .isInstanceOf(InvalidImageException.class)
        .hasMessage("image of 201 x 1 pixels: one side is over 200 times the other");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"patch_size\": 0}",
        "{\"resample\": 2}",
        "{\"image_mean\": [0.5]}",
        "{\"min_pixels\": 100, \"max_pixels\": 50}"
      })
  void badSettingsAreNamed(String json) {
    assertThatThrownBy(() -> settings(json))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageMatching("preprocessor_config.json: \\w+ is .*, allowed is .*");
  }

  @Test
  void limitsOfARunReplaceThoseOfTheCheckpoint() {
    PatchSettings settings = settings("{\"min_pixels\": 3136, \"max_pixels\": 12845056}");

    assertThat(settings.with(limits(784, 1568)).minPixels()).isEqualTo(784);
    assertThat(settings.with(limits(784, 1568)).maxPixels()).isEqualTo(1568);
    assertThat(settings.with(ImageLimits.NONE)).isEqualTo(settings);
  }

  @Test
  void limitsThatContradictAreRefused() {
    PatchSettings settings = settings("{\"min_pixels\": 3136, \"max_pixels\": 12845056}");
    ImageLimits few =
        new ImageLimits(OptionalLong.empty(), OptionalLong.of(100), OptionalInt.empty(), 0);
    ImageLimits tiles =
        new ImageLimits(OptionalLong.empty(), OptionalLong.empty(), OptionalInt.of(6), 0);

    assertThatThrownBy(() -> limits(0, 100)).hasMessage("min-pixels must be 1 or more, got 0");
    assertThatThrownBy(() -> limits(200, 100))
        .hasMessage("max-pixels must be min-pixels (200) or more, got 100");
    assertThatThrownBy(() -> settings.with(few))
        .hasMessage("max-pixels must be min_pixels of the checkpoint (3136) or more, got 100");
    assertThatThrownBy(() -> settings.with(tiles))
        .hasMessage(
            "max-tiles must be left out (the model does not cut pictures into tiles: it takes"
                + " min-pixels and max-pixels), got 6");
  }

  private static ImageLimits limits(long minPixels, long maxPixels) {
    return new ImageLimits(
        OptionalLong.of(minPixels), OptionalLong.of(maxPixels), OptionalInt.empty(), 0);
  }

  private static RgbImage blank(int width, int height) {
    return new RgbImage(width, height, new byte[3 * width * height]);
  }

  private static PatchImageProcessor processor(String json) {
    return new PatchImageProcessor(settings(json));
  }

  private static PatchSettings settings(String json) {
    try {
      return PatchSettings.of(new ObjectMapper().readTree(json));
    } catch (IOException e) {
      throw new IllegalArgumentException(e);
    }
  }
}
