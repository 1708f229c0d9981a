package dev.sampo.actors.cli;

import dev.sampo.actors.engine.RunModels;
import dev.sampo.protocol.Completion;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.SamplingSettings;
import dev.sampo.rollout.AnswerTokens;
import dev.sampo.rollout.Generator;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.ModelOptions;
import dev.sampo.vlm.Precision;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.VisionLanguageModels;
import dev.sampo.vlm.family.ModelFolder;
import dev.sampo.vlm.image.ImageLimits;
import dev.sampo.vlm.image.RgbImage;
import dev.sampo.vlm.lora.AdapterSource;
import dev.sampo.vlm.ops.NativeThreads;
import dev.sampo.vlm.prompt.VlmProcessor;
import dev.sampo.vlm.text.Message;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code sampo generate}. */
@Command(
    name = "generate",
    description = {
      "Ask a model about images, and print its answer while it grows.",
      "Standard output gets the answer alone; standard error says what it cost."
    })
@SuppressWarnings("NullAway.Init") // picocli fills the fields
final class GenerateCommand implements Callable<Integer> {
  private static final Duration INTERRUPTION = Duration.ofSeconds(5);
  private static final PolicyVersion VERSION = new PolicyVersion("generate", 1, 0, "");

  @Spec private CommandSpec spec;

  @Option(
      names = "--model",
      required = true,
      paramLabel = "DIR",
      description = "Model folder in the Hugging Face layout; a checkpoint of a run is one.")
  private Path model;

  @Option(
      names = "--adapter",
      paramLabel = "DIR",
      description = "Folder of LoRA adapters in the layout of PEFT, trained on that model.")
  private Optional<Path> adapter = Optional.empty();

  @Mixin private QuestionArguments question;

  @Option(
      names = "--temperature",
      defaultValue = "0",
      paramLabel = "T",
      description =
          "Divides the logits; 0 takes the most likely token (default: ${DEFAULT-VALUE}).")
  private double temperature;

  @Option(
      names = "--top-k",
      paramLabel = "K",
      description = "Sample from the K most likely tokens (default: all).")
  private Optional<Integer> topK = Optional.empty();

  @Option(
      names = "--top-p",
      paramLabel = "P",
      description = "Sample from the smallest set of tokens with mass P (default: all).")
  private Optional<Double> topP = Optional.empty();

  @Option(
      names = "--max-tokens",
      defaultValue = "256",
      paramLabel = "N",
      description = "Longest answer in tokens (default: ${DEFAULT-VALUE}).")
  private int maxTokens;

  @Option(
      names = "--seed",
      defaultValue = "0",
      paramLabel = "S",
      description = "The same seed samples the same answer (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--dtype",
      defaultValue = "float32",
      paramLabel = "TYPE",
      description = "Weights and computation: float32 or bfloat16 (default: ${DEFAULT-VALUE}).")
  private Precision precision;

  @Option(
      names = "--min-pixels",
      paramLabel = "N",
      description = "Fewest pixels of a resized image (default: what the model folder says).")
  private Optional<Long> minPixels = Optional.empty();

  @Option(
      names = "--max-pixels",
      paramLabel = "N",
      description = "Most pixels of a resized image (default: what the model folder says).")
  private Optional<Long> maxPixels = Optional.empty();

  @Option(
      names = "--max-tiles",
      paramLabel = "N",
      description = "Most tiles of an image, for models that cut images into tiles.")
  private Optional<Integer> maxTiles = Optional.empty();

  @Option(
      names = "--min-side",
      defaultValue = "0",
      paramLabel = "N",
      description =
          "Enlarge images with a shorter side of fewer pixels; 0 does not (default:"
              + " ${DEFAULT-VALUE}).")
  private int minSide;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Native threads (default: the processors of this machine).")
  private Optional<Integer> threads = Optional.empty();

  @Option(
      names = "--device",
      paramLabel = "DEVICE",
      description = "cpu, cuda or cuda:N (default: the first accelerator, else cpu).")
  private Optional<String> device = Optional.empty();

  @Override
  public Integer call() {
    SamplingSettings sampling = checked(this::sampling);
    ImageLimits limits = checked(this::limits);
    int numThreads = threads.orElseGet(() -> Runtime.getRuntime().availableProcessors());
    if (numThreads < 1) {
      throw usage("threads must be at least 1, got " + numThreads);
    }
    List<Message> conversation = question.conversation();
    AdapterArguments.requireFolder(model);
    adapter.ifPresent(folder -> {
      AdapterArguments.requireAdapter(folder);
      AdapterArguments.requireBase(model);
    });
    try (VlmProcessor processor = RunModels.processor(model, limits)) {
      EncodedPrompt prompt = encode(processor, conversation, question.images());
      requireRoom(prompt);
      NativeThreads.use(numThreads);
      ModelOptions options = checked(this::device).with(precision).with(adapters());
      try (VisionLanguageModel opened = VisionLanguageModels.load(model, options)) {
        answer(opened, processor, prompt, sampling);
      }
    }
    return CommandLine.ExitCode.OK;
  }

  private void answer(
      VisionLanguageModel opened,
      VlmProcessor processor,
      EncodedPrompt prompt,
      SamplingSettings sampling) {
    var generator =
        new Generator(opened, AnswerTokens.of(processor), 1, prompt.length(), prompt.length());
    try (Interruption interruption = new Interruption(INTERRUPTION)) {
      var printer =
          new AnswerPrinter(
              spec.commandLine().getOut(), processor.newTextStream(), interruption::isRequested);
      Optional<Completion> answer = generator.stream(prompt, sampling, seed, VERSION, printer);
      printer.finish();
      spec.commandLine()
          .getErr()
          .println(printer.statistics(prompt.length(), processor.numImageTokens(prompt), answer));
    }
  }

  private EncodedPrompt encode(
      VlmProcessor processor, List<Message> conversation, List<RgbImage> images) {
    try {
      return processor.encode(conversation, images);
    } catch (IllegalArgumentException e) {
      throw new CommandFailedException(model + ": " + e.getMessage());
    }
  }

  private AdapterSource adapters() {
    return adapter.<AdapterSource>map(AdapterSource.Stored::new).orElse(AdapterSource.NONE);
  }

  /** Positions beyond those it was trained for mean nothing to a model. */
  private void requireRoom(EncodedPrompt prompt) {
    OptionalInt positions = ModelFolder.read(model).maxPositions();
    if (positions.isPresent() && prompt.nextPosition() + (long) maxTokens > positions.getAsInt()) {
      throw new CommandFailedException(
          "the prompt takes %d positions and --max-tokens asks for %d more, the model has %d (max_position_embeddings)"
              .formatted(prompt.nextPosition(), maxTokens, positions.getAsInt()));
    }
  }

  private SamplingSettings sampling() {
    if (temperature == 0 && (topK.isPresent() || topP.isPresent())) {
      throw new IllegalArgumentException(
          "top-k and --top-p need a --temperature above 0: at 0 the most likely token is taken");
    }
    return new SamplingSettings(temperature, topK.orElse(0), topP.orElse(1.0), maxTokens);
  }

  private ImageLimits limits() {
    return new ImageLimits(
        minPixels.map(OptionalLong::of).orElseGet(OptionalLong::empty),
        maxPixels.map(OptionalLong::of).orElseGet(OptionalLong::empty),
        maxTiles.map(OptionalInt::of).orElseGet(OptionalInt::empty),
        minSide);
  }

  private ModelOptions device() {
    return device.map(ModelOptions::on).orElseGet(ModelOptions::standard);
  }

  /** A value that its record refuses is a wrong command line. */
  private <T> T checked(Supplier<T> settings) {
    try {
      return settings.get();
    } catch (IllegalArgumentException e) {
      throw usage(String.valueOf(e.getMessage()));
    }
  }

  private ParameterException usage(String message) {
    return new ParameterException(spec.commandLine(), "--" + message);
  }
}
