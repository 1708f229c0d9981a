package dev.sampo.actors.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sampo.actors.report.RunFolder;
import dev.sampo.learner.checkpoint.ModelFiles;
import dev.sampo.vlm.ModelOptions;
import dev.sampo.vlm.Precision;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.VisionLanguageModels;
import dev.sampo.vlm.family.AdapterFolder;
import dev.sampo.vlm.lora.AdapterSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code sampo merge}. */
@Command(
    name = "merge",
    description = {
      "Make a model folder of a model and its LoRA adapters.",
      "It computes without adapters what the two compute together."
    })
@SuppressWarnings("NullAway.Init") // picocli fills the fields
final class MergeCommand implements Callable<Integer> {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String CONFIG = "config.json";
  private static final String TIED = "tie_word_embeddings";

  @Spec private CommandSpec spec;

  @Option(
      names = "--model",
      paramLabel = "DIR",
      description = "Folder of the model (default: the one that the adapters name).")
  private Optional<Path> model = Optional.empty();

  @Option(
      names = "--adapter",
      required = true,
      paramLabel = "DIR",
      description = "Folder of the adapters, in the layout of PEFT; a checkpoint of a run is one.")
  private Path adapter;

  @Option(names = "--out", required = true, paramLabel = "DIR", description = "Folder to make.")
  private Path out;

  @Option(
      names = "--dtype",
      defaultValue = "float32",
      paramLabel = "TYPE",
      description = "Type of the merged weights: float32 or bfloat16 (default: ${DEFAULT-VALUE}).")
  private Precision precision;

  @Override
  public Integer call() throws IOException {
    AdapterArguments.requireAdapter(adapter);
    Path base = model.orElseGet(() -> AdapterFolder.baseModel(adapter));
    AdapterArguments.requireBase(base);
    RunFolder.requireFree(out);
    Path target = out.toAbsolutePath().normalize();
    Path partial = Path.of(target + ".partial");
    RunFolder.requireFree(partial);
    Files.createDirectories(partial);
    ModelFiles.copy(base, partial);
    ModelOptions options =
        ModelOptions.onCpu().with(precision).with(new AdapterSource.Stored(adapter));
    try (VisionLanguageModel merged = VisionLanguageModels.load(base, options)) {
      if (merged.saveMerged(partial)) {
        untie(partial.resolve(CONFIG));
      }
    }
    Files.deleteIfExists(target); // an empty folder
    Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
    spec.commandLine().getOut().println(out);
    return CommandLine.ExitCode.OK;
  }

  /** The head is no longer the embedding; every place that could say so must not. */
  private static void untie(Path file) throws IOException {
    ObjectNode config = (ObjectNode) JSON.readTree(file.toFile());
    config.put(TIED, false);
    for (String section : List.of("text_config", "llm_config")) {
      JsonNode text = config.path(section);
      if (text instanceof ObjectNode settings) {
        settings.put(TIED, false);
      }
    }
    Files.writeString(
        file, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(config) + "\n");
  }
}
