package dev.sampo.vlm;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;

/** Makes prompts from what was recorded of a processor. */
final class RecordedPrompt {
  private RecordedPrompt() {}

  static EncodedPrompt of(Goldens goldens, JsonNode recordedCase) {
    var images = new ArrayList<ImagePatches>();
    for (JsonNode grid : recordedCase.path("grids")) {
      float[] levels = goldens.tensor(Goldens.name(recordedCase) + ".pixels." + images.size());
      int[] sizes = Goldens.ints(grid);
      int patches = sizes[0] * sizes[1] * sizes[2];
      float[] values = normalise(goldens, levels, levels.length / patches / 3);
      // Qwen repeats a still picture in time; one of the two equal frames is recorded.
      boolean twoFrames = goldens.family().startsWith("qwen");
      images.add(
          new ImagePatches(
              twoFrames ? twice(values, levels.length / patches / 3) : values,
              sizes[0],
              sizes[1],
              sizes[2]));
    }
    int[][] positions =
        recordedCase.path("positions").valueStream().map(Goldens::ints).toArray(int[][]::new);
    return new EncodedPrompt(
        Goldens.ints(recordedCase.path("token_ids")),
        positions,
        recordedCase.path("next_position").asInt(),
        images);
  }

  /** Levels of planes of a channel each, in the order and with the roundings of the reference. */
  private static float[] normalise(Goldens goldens, float[] levels, int plane) {
    float[] mean = goldens.imageMean();
    float[] deviation = goldens.imageDeviation();
    float[] values = new float[levels.length];
    for (int i = 0; i < values.length; i++) {
      int channel = i / plane % 3;
      values[i] = ((float) (levels[i] * (1 / 255.0)) - mean[channel]) / deviation[channel];
    }
    return values;
  }

  /** [I, 3, side, side] -> [I, 3, 2, side, side] */
  private static float[] twice(float[] frames, int plane) {
    float[] both = new float[2 * frames.length];
    for (int at = 0; at < frames.length; at += plane) {
      System.arraycopy(frames, at, both, 2 * at, plane);
      System.arraycopy(frames, at, both, 2 * at + plane, plane);
    }
    return both;
  }
}
