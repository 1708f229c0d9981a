package dev.sampo.vlm.parity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import dev.sampo.vlm.Goldens;
import dev.sampo.vlm.ImagePatches;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.family.Architecture;
import dev.sampo.vlm.family.ModelFamilies;
import dev.sampo.vlm.family.ModelFolder;
import dev.sampo.vlm.family.VisionEncoder;
import dev.sampo.vlm.ops.NetworkWeights;
import java.util.List;
import java.util.Objects;

/** Image features as they enter the decoder, relative to the largest of an image. */
final class VisionComparison implements Comparison {

  @Override
  public void run(Goldens goldens, Report report) {
    try (VisionLanguageModel model = Models.load(goldens);
        NDManager scope = Models.newScope()) {
      VisionEncoder encoder = encoder(goldens, model, scope);
      for (JsonNode recorded : goldens.cases()) {
        String name = Goldens.name(recorded);
        List<ImagePatches> images = goldens.prompt(recorded).images();
        for (int i = 0; i < images.size(); i++) {
          float[] expected = goldens.tensor(name + ".features." + i);
          NDArray features =
              encoder.project(encoder.tower(List.of(images.get(i)), scope), scope, false);
          report.close(
              name + "/image-" + i,
              "vision-features",
              features.toFloatArray(),
              expected,
              Models.BOUND * Math.max(1, Differences.largest(expected)));
        }
      }
    }
  }

  private static VisionEncoder encoder(
      Goldens goldens, VisionLanguageModel model, NDManager scope) {
    ModelFolder folder = ModelFolder.read(goldens.folder());
    Architecture architecture = ModelFamilies.of(folder).architecture(folder);
    List<NDArray> arrays =
        architecture.visionTable().slots().stream()
            .map(slot ->
                slot.map(p -> Objects.requireNonNull(model.parameters().get(p.name())))
                    .orElseGet(() -> scope.create(new float[0])))
            .toList();
    List<NDArray> noAdapters = List.of(scope.create(new float[0]));
    return architecture.vision().apply(new NetworkWeights(arrays, noAdapters, noAdapters));
  }
}
