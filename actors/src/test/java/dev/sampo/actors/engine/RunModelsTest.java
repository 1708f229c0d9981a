package dev.sampo.actors.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.config.RunConfig;
import dev.sampo.config.RunConfigReader;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class RunModelsTest {
  private static final long CACHE = 64L << 20;

  private static RunConfig config(String... assignments) {
    List<String> all =
        Stream.concat(Stream.of("model.feature-cache=64MiB"), Stream.of(assignments)).toList();
    return RunConfigReader.read(Optional.empty(), all).settings();
  }

  @Test
  void twoModelsShareTheFeatureCacheOfTheLearner() {
    RunConfig config = config("learner.objective.kl.beta=0.04", "model.freeze=vision-tower");

    assertThat(RunModels.copiesReference(config)).isTrue();
    assertThat(2 * RunModels.featureBytes(config)).isEqualTo(CACHE);
  }

  @Test
  void oneModelHasAllOfIt() {
    RunConfig adapters = config("learner.objective.kl.beta=0.04", "model.lora.enabled=true");
    RunConfig withoutReference = config("learner.objective.kl.beta=0", "model.freeze=vision-tower");

    assertThat(RunModels.copiesReference(adapters)).isFalse();
    assertThat(RunModels.featureBytes(adapters)).isEqualTo(CACHE);
    assertThat(RunModels.copiesReference(withoutReference)).isFalse();
    assertThat(RunModels.featureBytes(withoutReference)).isEqualTo(CACHE);
  }
}
