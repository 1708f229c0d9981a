package dev.sampo.actors.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sampo.tasks.rec.RecDataSettings;
import dev.sampo.tasks.rec.RecDataWriter;
import dev.sampo.vlm.prompt.VlmProcessor;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code sampo generate} as a user sees it, with the shipped checkpoint. */
final class GenerateCommandTest {
  private static final Path MODEL = Path.of("../models/tiny-rec/clean");
  private static final Path GOLDENS = Path.of("../vlm/src/test/resources/goldens");
  private static final String QUESTION =
      "Please provide the bounding box coordinates of the region this sentence describes: the"
          + " topmost object.";

  @TempDir private static Path folder;
  private static Path image;
  private static Path otherImage;

  /** What a command said. */
  private record Said(int code, String out, String err) {}

  @BeforeAll
  static void paint() {
    RecDataWriter.write(folder, RecDataSettings.forTraining(8, 2, 1), (done, total) -> {});
    image = folder.resolve("images/train/000000.png");
    otherImage = folder.resolve("images/train/000001.png");
  }

  @Test
  void standardOutputHoldsTheAnswerAlone() {
    Said said = ask("--image", image.toString(), "--prompt", QUESTION);

    assertThat(said.code).as(said.err).isZero();
    assertThat(said.out)
        .matches("<think>[a-z ]+</think><answer>\\{\"bbox\":\\[[0-9,]+\\]}</answer>\\R");
    assertThat(said.err.lines()).hasSize(1);
    assertThat(said.err)
        .matches(
            "prompt \\d+ tokens, 9 of them of images; prefill [0-9.]+ s; answer \\d+ tokens;"
                + " [0-9.]+ tokens/s\\R");
  }

  @Test
  void theGreedyAnswerIsAlwaysTheSame() {
    Said first = ask("--image", image.toString(), "--prompt", QUESTION);
    Said second =
        ask("--image", image.toString(), "--prompt", QUESTION, "--seed", "5", "--temperature", "0");

    assertThat(second.out).isEqualTo(first.out);
  }

  @Test
  void theSeedDecidesTheSampledAnswer() {
    String[] line = {"--image", image.toString(), "--prompt", QUESTION, "--temperature", "1.5"};

    List<String> answers =
        Stream.of("1", "2", "3").map(seed -> ask(with(line, "--seed", seed)).out).toList();

    assertThat(ask(with(line, "--seed", "2")).out).isEqualTo(answers.get(1));
    assertThat(answers).doesNotHaveDuplicates();
  }

  @Test
  void theMostLikelyOfOneTokenIsTheGreedyOne() {
    String[] line = {"--image", image.toString(), "--prompt", QUESTION};

    Said topOne = ask(with(line, "--temperature", "2", "--top-k", "1", "--seed", "9"));

    assertThat(topOne.out).isEqualTo(ask(line).out);
  }

  @Test
  void theImageDecidesTheAnswer() {
    Said one = ask("--image", image.toString(), "--prompt", QUESTION);
    Said other = ask("--image", otherImage.toString(), "--prompt", QUESTION);

    assertThat(other.out).isNotEqualTo(one.out);
  }

  @Test
  void imagesComeBeforeTheOnlyPromptWhereverTheyStand() {
    Said before = ask("--image", image.toString(), "--prompt", QUESTION);
    Said after = ask("--prompt", QUESTION, "--image", image.toString());

    assertThat(after.out).isEqualTo(before.out);
  }

  @Test
  void severalPromptsAndImagesKeepTheirOrder() {
    Said mixed =
        ask("--prompt", QUESTION, "--image", image.toString(), "--prompt", "", "--max-tokens", "9");
    Said imageFirst = ask("--image", image.toString(), "--prompt", QUESTION, "--max-tokens", "9");

    assertThat(mixed.code).as(mixed.err).isZero();
    assertThat(mixed.err).contains("9 of them of images");
    assertThat(mixed.out).isNotEqualTo(imageFirst.out);
  }

  @Test
  void aPromptThatLooksLikeAnImageIsText() {
    Said said = ask("--prompt", "<|image_pad|>", "--max-tokens", "3");

    assertThat(said.code).as(said.err).isZero();
    assertThat(said.err).contains("0 of them of images").contains("cut at --max-tokens");
  }

  @Test
  void aDashReadsThePromptFromStandardInput() {
    Said given = ask("--image", image.toString(), "--prompt", QUESTION);

    InputStream before = System.in;
    System.setIn(new ByteArrayInputStream((QUESTION + "\n").getBytes(StandardCharsets.UTF_8)));
    try {
      assertThat(ask("--image", image.toString(), "--prompt", "-").out).isEqualTo(given.out);
    } finally {
      System.setIn(before);
    }
  }

  @Test
  void limitsDecideHowManyTokensAnImageGets() {
    Said said = ask("--image", image.toString(), "--prompt", "x", "--max-pixels", "3136");

    assertThat(said.err).contains("4 of them of images");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "qwen2-vl-tied",
        "windows-untied",
        "internvl-300m",
        "opengvlab-qwen2",
        "opengvlab-internlm2"
      })
  void everyFamilyAnswersAsTransformersDoes(String family) throws IOException {
    Path model = GOLDENS.resolve(family);
    JsonNode asked =
        new ObjectMapper()
            .readTree(model.resolve("cases.json").toFile())
            .path("cases")
            .valueStream()
            .filter(each -> each.path("name").asText().equals("two-images"))
            .findFirst()
            .orElseThrow();
    int[] greedy = asked.path("greedy").valueStream().mapToInt(JsonNode::asInt).toArray();
    List<String> line = new ArrayList<>(List.of("generate", "--model", model.toString()));
    line.addAll(List.of("--max-tokens", "32", "--prompt", asked.path("text").asText()));
    asked
        .path("images")
        .forEach(name -> line.addAll(List.of("--image", model.resolve(name.asText()).toString())));

    Said said = run(line.toArray(String[]::new));

    assertThat(said.code).as(said.err).isZero();
    try (VlmProcessor processor = VlmProcessor.load(model)) {
      int length = 0;
      while (length < greedy.length && !processor.endTokens().contains(greedy[length])) {
        length++;
      }
      assertThat(said.out)
          .isEqualTo(processor.decode(Arrays.copyOf(greedy, length)) + System.lineSeparator());
    }
  }

  @Test
  void aMergedModelAnswersAsTheModelWithItsAdapters() {
    Path base = GOLDENS.resolve("shipped");
    Path adapter = base.resolve("adapter");
    Path merged = folder.resolve("merged");

    Said made =
        run(
            "merge",
            "--model",
            base.toString(),
            "--adapter",
            adapter.toString(),
            "--out",
            merged.toString());

    assertThat(made.code).as(made.err).isZero();
    String[] line = {"--image", image.toString(), "--prompt", QUESTION, "--max-tokens", "24"};
    Said adapted = ask(base, with(line, "--adapter", adapter.toString()));
    assertThat(adapted.code).as(adapted.err).isZero();
    assertThat(ask(merged, line).out).isEqualTo(adapted.out);
    assertThat(ask(base, line).out).isNotEqualTo(adapted.out);
    assertThat(merged.resolve("adapter_config.json")).doesNotExist();
    assertRefused(
        run("merge", "--adapter", adapter.toString(), "--out", merged.toString()),
        "must be the folder of a model");
  }

  @Test
  void foldersThatHoldNoAdaptersOrTooManyAreNamed() {
    Path base = GOLDENS.resolve("shipped");
    String[] line = {"generate", "--prompt", "x", "--model"};

    assertRefused(
        run(with(line, base.toString(), "--adapter", base.toString())), "no adapter_config.json");
    assertRefused(
        run(with(line, base + "/adapter", "--adapter", base + "/adapter")),
        "holds adapters itself");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--temperature -1 | --temperature must be >= 0",
        "--temperature 1 --top-p 0 | --top-p must be in (0, 1]",
        "--top-k 3 | sampo: --top-k and --top-p need a --temperature above 0",
        "--max-tokens 0 | --max-tokens must be >= 1",
        "--min-pixels 0 | --min-pixels must be 1 or more",
        "--min-side -1 | --min-side must be 0 to 4096",
        "--threads 0 | --threads must be at least 1",
        "--dtype float8 | --dtype",
        "--device tpu | --device must be cpu, cuda or cuda:N",
        "--seed many | --seed",
      })
  void aWrongValueIsAUsageError(String options, String message) {
    String[] line = {"generate", "--model", MODEL.toString(), "--prompt", "x"};

    Said said = run(with(line, options.split(" ")));

    assertThat(said.code).isEqualTo(2);
    assertThat(said.out).isEmpty();
    assertThat(said.err).startsWith("sampo: ").contains(message);
  }

  @Test
  void aPromptMustBeGiven() {
    assertThat(ask("--image", image.toString()).err).contains("'--prompt=TEXT'");
    assertThat(run("generate", "--prompt", "x").err).contains("'--model=DIR'");
  }

  @Test
  void whatCannotBeReadIsNamedBeforeTheWeightsAre() throws IOException {
    Path withoutWeights = Files.createDirectories(folder.resolve("model"));
    try (Stream<Path> files = Files.list(MODEL)) {
      for (Path file : files.filter(path -> !path.toString().endsWith("tensors")).toList()) {
        Files.copy(file, withoutWeights.resolve(file.getFileName()));
      }
    }
    String[] line = {"generate", "--model", withoutWeights.toString(), "--prompt", "x"};

    assertRefused(run(with(line, "--image", "nowhere.png")), "nowhere.png");
    assertRefused(run(with(line, "--image", MODEL + "/config.json")), "config.json: not a PNG");
    assertRefused(run(with(line, "--max-tokens", "4000")), "the model has 2048");
    assertRefused(run(with(line, "--max-tiles", "4")), "max-tiles must be left out");
    assertRefused(run(line), "model.safetensors");
  }

  @Test
  void aFolderThatIsNoModelIsNamed() throws IOException {
    Path empty = Files.createDirectories(folder.resolve("empty"));
    Path unknown = Files.createDirectories(folder.resolve("unknown"));
    Files.writeString(unknown.resolve("config.json"), "{\"model_type\": \"llava\"}");

    assertRefused(run("generate", "--model", "/nowhere", "--prompt", "x"), "/nowhere: there is no");
    assertRefused(run("generate", "--model", empty.toString(), "--prompt", "x"), "config.json");
    assertRefused(
        run("generate", "--model", unknown.toString(), "--prompt", "x"),
        "model_type must be one of");
  }

  private static void assertRefused(Said said, String message) {
    assertThat(said.code).isEqualTo(1);
    assertThat(said.out).isEmpty();
    assertThat(said.err.lines()).as(said.err).hasSize(1);
    assertThat(said.err).startsWith("sampo: ").contains(message);
  }

  private static Said ask(String... options) {
    return ask(MODEL, options);
  }

  private static Said ask(Path model, String... options) {
    List<String> line = new ArrayList<>(List.of("generate", "--model", model.toString()));
    line.addAll(List.of("--threads", "1"));
    line.addAll(List.of(options));
    return run(line.toArray(String[]::new));
  }

  private static String[] with(String[] line, String... more) {
    return Stream.concat(Stream.of(line), Stream.of(more)).toArray(String[]::new);
  }

  private static Said run(String... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code = SampoMain.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
    return new Said(code, out.toString(), err.toString());
  }
}
