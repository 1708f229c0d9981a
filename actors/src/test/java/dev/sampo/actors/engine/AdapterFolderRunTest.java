package dev.sampo.actors.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.config.RunConfig;
import dev.sampo.config.RunConfigReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs that go on with the adapters of a folder. */
class AdapterFolderRunTest {
  @TempDir private Path folder;

  /** Rollout drops nothing, so its log-probs are not those of the learner. */
  @Test
  void dropoutOfTheFolderLiftsTheBoundOfTheMismatch() throws IOException {
    assertThat(NodeAssembly.maxMismatch(config())).isEqualTo(1e-3);
    Files.writeString(
        folder.resolve("adapter_config.json"), "{\"peft_type\": \"LORA\", \"lora_dropout\": 0}");
    assertThat(NodeAssembly.maxMismatch(config())).isEqualTo(1e-3);
    Files.writeString(
        folder.resolve("adapter_config.json"), "{\"peft_type\": \"LORA\", \"lora_dropout\": 0.05}");

    assertThat(NodeAssembly.maxMismatch(config())).isInfinite();
  }

  private RunConfig config() {
    return RunConfigReader.read(Optional.empty(), List.of("model.path=" + folder)).settings();
  }
}
