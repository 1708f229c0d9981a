package dev.sampo.actors.cli;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sampo.config.RunConfig;
import dev.sampo.config.RunConfigReader;
import dev.sampo.vlm.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PreflightTest {
  @TempDir private Path folder;

  @Test
  void aReferenceWithAdaptersIsReplacedOrStaysAndIsNeverMixed() throws IOException {
    assertThatCode(() -> Preflight.checkReference(config("0.6"))).doesNotThrowAnyException();
    Files.writeString(folder.resolve("adapter_config.json"), "{\"peft_type\": \"LORA\"}");

    assertThatThrownBy(() -> Preflight.checkReference(config("0.6")))
        .isInstanceOf(ModelException.class)
        .hasMessage(
            folder
                + ": holds adapters, which cannot be mixed; learner.reference.mix must be 1 or"
                + " learner.reference.sync-every 0");
    assertThatCode(() -> Preflight.checkReference(config("1"))).doesNotThrowAnyException();
  }

  private RunConfig config(String mix) {
    return RunConfigReader.read(
            Optional.empty(),
            List.of(
                "model.path=" + folder,
                "learner.reference.sync-every=2",
                "learner.reference.mix=" + mix))
        .settings();
  }
}
