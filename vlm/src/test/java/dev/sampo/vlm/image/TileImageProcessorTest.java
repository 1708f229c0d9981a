package dev.sampo.vlm.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sampo.vlm.Goldens;
import dev.sampo.vlm.ImagePatches;
import dev.sampo.vlm.image.TileImageProcessor.TileGrid;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** InternVL's tiles against Transformers and against the cases of VLM-R1. */
class TileImageProcessorTest {
  private static final Path FOLDER = Goldens.ROOT.resolve("pictures");
  private static final JsonNode CASES = Goldens.json(FOLDER.resolve("cases.json"));
  private static final int TILE = 28;
  private static final int PATCH = 14;

  static Stream<JsonNode> tiled() {
    return CASES.path("tiled").valueStream();
  }

  @Test
  void gridsEqualTransformers() {
    for (JsonNode row : CASES.path("grids")) {
      int[] grid = Goldens.ints(row);

      assertThat(processor(grid[2], grid[3], grid[4]).grid(grid[0], grid[1]))
          .as("%s", row)
          .isEqualTo(new TileGrid(grid[5], grid[6]));
    }
  }

  @ParameterizedTest
  @MethodSource("dev.sampo.vlm.image.PublishedSizes#tiles")
  void gridsEqualVlmR1(JsonNode published) {
    TileImageProcessor processor =
        processor(
            published.path("image_size").asInt(),
            published.path("min_num").asInt(),
            published.path("max_num").asInt());
    JsonNode expected = published.path("expected");

    int width = published.path("width").asInt();
    int height = published.path("height").asInt();

    assertThat(processor.grid(width, height))
        .isEqualTo(new TileGrid(expected.path("cols").asInt(), expected.path("rows").asInt()));
    assertThat(processor.process(new RgbImage(width, height, new byte[3 * width * height])))
        .extracting(ImagePatches::temporal, ImagePatches::height, ImagePatches::width)
        .containsExactly(expected.path("tiles_total").asInt(), 32, 32);
  }

  @ParameterizedTest
  @MethodSource("tiled")
  void tilesEqualTransformers(JsonNode expected) {
    RgbImage image = ImageDecoder.read(FOLDER.resolve(expected.path("file").asText()));
    RgbImage tiles = ImageDecoder.read(FOLDER.resolve(expected.path("tiles").asText()));
    TileImageProcessor processor = processor(TILE, 1, expected.path("max_patches").asInt());

    ImagePatches patches = processor.process(image);

    assertThat(patches.temporal()).isEqualTo(tiles.height() / TILE);
    assertThat(patches.values()).containsExactly(inPatches(tiles));
    int lastTile = patches.values().length - 3 * TILE * TILE;
    for (int channel = 0; channel < 3; channel++) {
      assertThat(patches.values()[lastTile + channel * PATCH * PATCH])
          .isEqualTo((float) expected.path("first_values").path(channel).asDouble());
    }
  }

  /** Values of [tiles, row of patches, column of patches, channel, row, column]. */
  private static float[] inPatches(RgbImage tiles) {
    float[][] levels = Normalisation.IMAGENET.levels();
    float[] values = new float[tiles.rgb().length];
    int out = 0;
    for (int top = 0; top < tiles.height(); top += PATCH) {
      for (int left = 0; left < TILE; left += PATCH) {
        for (int channel = 0; channel < 3; channel++) {
          for (int pixel = 0; pixel < PATCH * PATCH; pixel++) {
            int at = 3 * ((top + pixel / PATCH) * TILE + left + pixel % PATCH) + channel;
            values[out++] = levels[channel][tiles.rgb()[at] & 0xff];
          }
        }
      }
    }
    return values;
  }

  @Test
  void settingsOfTransformersAreRead() {
    TileSettings settings =
        TileSettings.ofTransformers(
            json(
                "{'crop_to_patches': false, 'max_patches': 6, 'size': {'height': 448, 'width': 448},"
                    + "'image_mean': [0.485, 0.456, 0.406], 'image_std': [0.229, 0.224, 0.225]}"),
            14);

    assertThat(settings).isEqualTo(new TileSettings(448, 14, 1, 6, true, Normalisation.IMAGENET));
  }

  @Test
  void settingsOfOpenGvLabAreRead() {
    String tiling =
        "'force_image_size': 448, 'min_dynamic_patch': 1, 'max_dynamic_patch': 12,"
            + " 'use_thumbnail': true, 'vision_config': {'patch_size': 14}";

    assertThat(openGvLab("{'dynamic_image_size': true, " + tiling + "}"))
        .isEqualTo(new TileSettings(448, 14, 1, 12, true, Normalisation.IMAGENET));
    assertThat(openGvLab("{'dynamic_image_size': false, " + tiling + "}").maxTiles()).isEqualTo(1);
  }

  @Test
  void withoutThumbnailOnlyTheGridIsLeft() {
    TileSettings settings = new TileSettings(TILE, PATCH, 1, 12, false, Normalisation.IMAGENET);

    assertThat(new TileImageProcessor(settings).process(blank(56, 28)).temporal()).isEqualTo(2);
  }

  @Test
  void limitsOfARunReplaceThoseOfTheCheckpoint() {
    TileSettings settings = new TileSettings(TILE, PATCH, 2, 12, true, Normalisation.IMAGENET);

    assertThat(settings.with(maxTiles(6)).maxTiles()).isEqualTo(6);
    assertThat(settings.with(ImageLimits.NONE)).isEqualTo(settings);
    assertThatThrownBy(() -> settings.with(maxTiles(1)))
        .hasMessage("max-tiles must be the fewest tiles of the checkpoint (2) or more, got 1");
    assertThatThrownBy(() ->
            settings.with(
                new ImageLimits(
                    OptionalLong.empty(), OptionalLong.of(5000), OptionalInt.empty(), 0)))
        .hasMessage(
            "max-pixels must be left out (the model cuts pictures into tiles of one size: it takes"
                + " max-tiles), got 5000");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'size': {'height': 448, 'width': 224}}",
        "{'size': {'height': 450, 'width': 450}}",
        "{'size': {'height': 448, 'width': 448}, 'max_patches': 0}",
        "{'size': {'height': 448, 'width': 448}, 'resample': 2}"
      })
  void badSettingsAreNamed(String json) {
    assertThatThrownBy(() -> TileSettings.ofTransformers(json(json), 14))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageMatching("preprocessor_config.json: \\w+ is .*, allowed is .*");
  }

  private static ImageLimits maxTiles(int most) {
    return new ImageLimits(OptionalLong.empty(), OptionalLong.empty(), OptionalInt.of(most), 0);
  }

  private static TileImageProcessor processor(int tile, int fewest, int most) {
    return new TileImageProcessor(
        new TileSettings(tile, PATCH, fewest, most, true, Normalisation.IMAGENET));
  }

  private static TileSettings openGvLab(String config) {
    return TileSettings.ofOpenGvLab(json(config), json("{'crop_size': 448, 'size': 448}"));
  }

  private static RgbImage blank(int width, int height) {
    return new RgbImage(width, height, new byte[3 * width * height]);
  }

  private static JsonNode json(String text) {
    try {
      return new ObjectMapper().readTree(text.replace('\'', '"'));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
