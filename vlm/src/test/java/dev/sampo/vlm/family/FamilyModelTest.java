package dev.sampo.vlm.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDManager;
import dev.sampo.vlm.Goldens;
import dev.sampo.vlm.ModelOptions;
import dev.sampo.vlm.ops.NetworkWeights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class FamilyModelTest {
  private final Path folder = Goldens.of("windows-tied").folder();

  @Test
  void weightsAreGivenBackWhenTheEngineFails() {
    List<NDManager> owners = new ArrayList<>();
    Architecture architecture =
        withVision(weights -> {
          owners.add(weights.arrays().getFirst().getManager());
          throw new EngineException("out of memory");
        });

    assertThatThrownBy(() -> FamilyModel.load(architecture, folder, ModelOptions.onCpu()))
        .isInstanceOf(EngineException.class);

    assertThat(owners).hasSize(1).noneMatch(NDManager::isOpen);
  }

  private Architecture withVision(Function<NetworkWeights, VisionEncoder> vision) {
    ModelFolder model = ModelFolder.read(folder);
    Architecture original = ModelFamilies.of(model).architecture(model);
    return new Architecture(
        original.modelType(),
        original.decoder(),
        original.decoderTable(),
        original.visionTable(),
        vision,
        original.visionPrefix(),
        original.boxFrame(),
        original.imageTokenId(),
        original.layout());
  }
}
