package dev.sampo.vlm.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sampo.vlm.Goldens;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Decoding against Transformers' {@code load_image} on Pillow 11.3. Lossy formats are exact too:
 * the JDK's JPEG decoder and Pillow's use the same integer transforms, WebP is decoded by libwebp
 * in both. Maximal and mean difference of 8-bit samples: 0 for every file.
 */
class ImageDecoderTest {
  private static final Path FOLDER = Goldens.ROOT.resolve("pictures");

  static Stream<Named<JsonNode>> pictures() {
    return Goldens.json(FOLDER.resolve("decoded.json"))
        .valueStream()
        .map(picture -> Named.of(picture.path("file").asText(), picture));
  }

  @ParameterizedTest
  @MethodSource("pictures")
  void samplesEqualPillows(JsonNode expected) throws DataFormatException {
    RgbImage image = ImageDecoder.read(FOLDER.resolve(expected.path("file").asText()));

    assertThat(image.width()).isEqualTo(expected.path("width").asInt());
    assertThat(image.height()).isEqualTo(expected.path("height").asInt());
    assertThat(image.rgb())
        .containsExactly(inflate(expected.path("rgb").asText(), image.rgb().length));
  }

  private static byte[] inflate(String encoded, int length) throws DataFormatException {
    byte[] bytes = new byte[length];
    try (Inflater inflater = new Inflater()) {
      inflater.setInput(Base64.getDecoder().decode(encoded));
      assertThat(inflater.inflate(bytes)).isEqualTo(length);
    }
    return bytes;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "rgba.png",
        "png-6-16-interlaced.png",
        "jpeg-420.jpg",
        "jpeg-444-progressive.jpg",
        "webp-lossy.webp",
        "webp-lossless.webp",
        "webp-animated.webp"
      })
  void cutOffFileIsRefused(String file) throws IOException {
    byte[] bytes = Files.readAllBytes(FOLDER.resolve(file));

    for (int length : new int[] {13, 40, bytes.length / 2, bytes.length * 3 / 4}) {
      assertThatThrownBy(() -> ImageDecoder.decode(Arrays.copyOf(bytes, length), "a.png"))
          .isInstanceOf(InvalidImageException.class)
          .hasMessageMatching("image a.png: [^\n]+");
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void damagedFilesGiveAPictureOrOneKindOfError(long seed) throws IOException {
    Random random = new Random(seed);
    for (Named<JsonNode> picture : pictures().toList()) {
      byte[] original = Files.readAllBytes(FOLDER.resolve(picture.getName()));
      for (int copy = 0; copy < 10; copy++) {
        byte[] bytes = original.clone();
        // Not the header of a PNG: a file may say that it is large.
        for (int damage = 0; damage < 4; damage++) {
          bytes[26 + random.nextInt(bytes.length - 26)] = (byte) random.nextInt(256);
        }

        try {
          assertThat(ImageDecoder.decode(bytes, "a.png").width()).isPositive();
        } catch (InvalidImageException e) {
          assertThat(e).hasMessageStartingWith("image a.png: ");
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 60_000})
  void sizeWithoutSenseIsRefused(int side) throws IOException {
    byte[] png = Files.readAllBytes(FOLDER.resolve("rgba.png"));
    byte[] jpeg = Files.readAllBytes(FOLDER.resolve("jpeg-420.jpg"));

    ByteBuffer.wrap(png).putInt(16, side).putInt(20, side);
    ByteBuffer.wrap(jpeg)
        .putShort(frame(jpeg) + 5, (short) side)
        .putShort(frame(jpeg) + 7, (short) side);

    String reason =
        side == 0
            ? "image a: damaged or not supported .*"
            : "image a: 60000 x 60000 pixels, at most 178956970 are allowed";
    assertThatThrownBy(() -> ImageDecoder.decode(png, "a"))
        .isInstanceOf(InvalidImageException.class)
        .hasMessageMatching(reason);
    assertThatThrownBy(() -> ImageDecoder.decode(jpeg, "a"))
        .isInstanceOf(InvalidImageException.class)
        .hasMessageMatching(reason);
  }

  /** Where the segment with the size starts. */
  private static int frame(byte[] jpeg) {
    for (int at = 0; ; at++) {
      if (jpeg[at] == (byte) 0xff && jpeg[at + 1] == (byte) 0xc0) {
        return at;
      }
    }
  }

  @Test
  void whatIsNotAPictureIsRefused() {
    assertThatThrownBy(
            () -> ImageDecoder.decode("hello".getBytes(StandardCharsets.UTF_8), "notes.txt"))
        .isInstanceOf(InvalidImageException.class)
        .hasMessage("image notes.txt: not a PNG, JPEG or WebP file");
    assertThatThrownBy(() -> ImageDecoder.decode(new byte[0], "empty.png"))
        .hasMessage("image empty.png: not a PNG, JPEG or WebP file");
    assertThatThrownBy(() -> ImageDecoder.read(FOLDER.resolve("absent.png")))
        .isInstanceOf(InvalidImageException.class)
        .hasMessageEndingWith("absent.png: no such file");
  }
}
