package dev.sampo.vlm.parity;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.Goldens;
import dev.sampo.vlm.ImagePatches;
import dev.sampo.vlm.image.ImageDecoder;
import dev.sampo.vlm.image.ImageLimits;
import dev.sampo.vlm.image.RgbImage;
import dev.sampo.vlm.prompt.VlmProcessor;
import dev.sampo.vlm.text.Message;
import dev.sampo.vlm.text.Part;
import dev.sampo.vlm.text.Role;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** Picture files and conversations to patches, token ids and positions. */
final class PromptComparison implements Comparison {
  /** Share of the values that may be one 8-bit level off. */
  private static final double ONE_LEVEL_OFF = 1e-4;

  /** Of a normalised value, where the level is the same: roundings of another order. */
  private static final double NORMALISED = 1e-6;

  @Override
  public void run(Goldens goldens, Report report) throws IOException {
    for (JsonNode recorded : goldens.cases()) {
      String name = Goldens.name(recorded);
      try (VlmProcessor processor = VlmProcessor.load(goldens.folder(), limits(recorded))) {
        EncodedPrompt prompt = encode(goldens, recorded, processor);
        EncodedPrompt expected = goldens.prompt(recorded);
        comparePixels(goldens, name, prompt, expected, report);
        report.equal(name, "token-ids", prompt.tokenIds(), expected.tokenIds());
        for (int axis = 0; axis < 3; axis++) {
          report.equal(
              name, "positions-" + axis, prompt.positions()[axis], expected.positions()[axis]);
        }
        report.equal(
            name,
            "next-position",
            new int[] {prompt.nextPosition()},
            new int[] {expected.nextPosition()});
        String decoded = processor.decode(Goldens.ints(recorded.path("greedy")));
        report.equal(name, "decoded-text", decoded, recorded.path("decoded").asText());
      } catch (IllegalArgumentException e) {
        report.failed(name, "prompt", e);
      }
    }
  }

  /** The prompt as this project makes it from the files. */
  static EncodedPrompt encode(Goldens goldens, JsonNode recorded, VlmProcessor processor) {
    List<RgbImage> images = new ArrayList<>();
    List<Message> conversation = new ArrayList<>();
    for (JsonNode message : recorded.path("messages")) {
      List<Part> parts = new ArrayList<>();
      for (JsonNode part : message.path("content")) {
        if (part.path("type").asText().equals("image")) {
          images.add(ImageDecoder.read(goldens.folder().resolve(part.path("image").asText())));
          parts.add(new Part.Image());
        } else {
          parts.add(new Part.Text(part.path("text").asText()));
        }
      }
      Role role = Role.valueOf(message.path("role").asText().toUpperCase(Locale.ROOT));
      conversation.add(new Message(role, parts));
    }
    return processor.encode(conversation, images);
  }

  static ImageLimits limits(JsonNode recorded) {
    JsonNode limits = recorded.path("limits");
    return new ImageLimits(
        pixels(limits.path("min_pixels")),
        pixels(limits.path("max_pixels")),
        limits.has("max_tiles")
            ? OptionalInt.of(limits.path("max_tiles").asInt())
            : OptionalInt.empty(),
        0);
  }

  private static OptionalLong pixels(JsonNode limit) {
    return limit.isMissingNode() ? OptionalLong.empty() : OptionalLong.of(limit.asLong());
  }

  private static void comparePixels(
      Goldens goldens, String name, EncodedPrompt actual, EncodedPrompt expected, Report report) {
    report.equal(
        name,
        "number-of-images",
        new int[] {actual.images().size()},
        new int[] {expected.images().size()});
    for (int i = 0; i < Math.min(actual.images().size(), expected.images().size()); i++) {
      ImagePatches image = actual.images().get(i);
      ImagePatches wanted = expected.images().get(i);
      report.equal(name, "grid-" + i, grid(image), grid(wanted));
      if (image.values().length == wanted.values().length) {
        compareLevels(goldens, name + "/image-" + i, image, wanted, report);
      }
    }
  }

  /** Values back to 8-bit levels: equal, or one step apart for a few. */
  private static void compareLevels(
      Goldens goldens, String where, ImagePatches image, ImagePatches wanted, Report report) {
    // All planes of a patch are equally large: one per channel, or two for a repeated picture.
    int channels = image.values().length / image.numPatches() / 3;
    int differing = 0;
    int widest = 0;
    double normalised = 0;
    for (int i = 0; i < image.values().length; i++) {
      int channel = i / channels % 3;
      int step =
          Math.abs(
              level(goldens, image.values()[i], channel)
                  - level(goldens, wanted.values()[i], channel));
      widest = Math.max(widest, step);
      differing += step == 0 ? 0 : 1;
      if (step == 0) {
        normalised = Math.max(normalised, Math.abs(image.values()[i] - wanted.values()[i]));
      }
    }
    report.atMost(where, "pixel-levels-step", widest, 1);
    report.atMost(
        where, "pixel-levels-share", (double) differing / image.values().length, ONE_LEVEL_OFF);
    report.atMost(where, "pixel-values", normalised, NORMALISED);
  }

  private static int level(Goldens goldens, float value, int channel) {
    return Math.round(
        (value * goldens.imageDeviation()[channel] + goldens.imageMean()[channel]) * 255);
  }

  private static int[] grid(ImagePatches image) {
    return new int[] {image.temporal(), image.height(), image.width()};
  }
}
