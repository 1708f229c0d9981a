package dev.sampo.tasks.rec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sampo.tasks.DataException;
import dev.sampo.tasks.data.DataFile;
import dev.sampo.tasks.data.DataRow;
import dev.sampo.tasks.data.DataSet;
import dev.sampo.tasks.data.ImageFiles;
import dev.sampo.tasks.data.QuestionTemplate;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RecDataWriterTest {
  private static final RecDataWriter.Progress SILENT = (done, total) -> {};
  private static final List<String> SPLITS =
      List.of("train", "id", "attr", "ood_combo", "ood_rel", "ood_many");

  private static final int BLUE = 0x283cf0;

  @TempDir Path folder;

  @Test
  void equalSettingsGiveEqualBytes() throws IOException {
    RecDataSettings settings = RecDataSettings.forTraining(12, 5, 42);

    RecDataWriter.write(folder.resolve("a"), settings, SILENT);
    RecDataWriter.write(folder.resolve("b"), settings, SILENT);

    assertThat(contents(folder.resolve("a"))).isEqualTo(contents(folder.resolve("b")));
  }

  @Test
  void anotherSeedGivesOtherImagesAndQuestions() throws IOException {
    RecDataWriter.write(folder.resolve("a"), RecDataSettings.forTraining(12, 5, 42), SILENT);
    RecDataWriter.write(folder.resolve("b"), RecDataSettings.forTraining(12, 5, 43), SILENT);

    Map<String, String> a = contents(folder.resolve("a"));
    Map<String, String> b = contents(folder.resolve("b"));
    assertThat(a.keySet()).isEqualTo(b.keySet());
    assertThat(a.keySet()).allSatisfy(file -> assertThat(a.get(file)).isNotEqualTo(b.get(file)));
  }

  @Test
  void moreRowsBeginWithTheSameRows() throws IOException {
    RecDataWriter.write(folder.resolve("few"), RecDataSettings.forTraining(6, 3, 1), SILENT);
    RecDataWriter.write(folder.resolve("many"), RecDataSettings.forTraining(30, 9, 1), SILENT);

    for (String split : SPLITS) {
      List<String> few = Files.readAllLines(folder.resolve("few").resolve(split + ".jsonl"));
      List<String> many = Files.readAllLines(folder.resolve("many").resolve(split + ".jsonl"));
      assertThat(many).startsWith(few.toArray(String[]::new)).hasSizeGreaterThan(few.size());
    }
  }

  @Test
  void everySplitReadsAsADataSetWithTheRowsAskedFor() {
    RecDataWriter.write(folder.resolve("out"), RecDataSettings.forTraining(10, 7, 3), SILENT);

    for (String split : SPLITS) {
      List<DataRow.Example> examples = read(folder.resolve("out"), split);
      assertThat(examples).hasSize(split.equals("train") ? 10 : 7);
      assertThat(examples)
          .allSatisfy(example -> {
            assertThat(RecAnswer.reference(example.prompt().solution())).isPresent();
            assertThat(example.prompt().images()).hasSize(1);
            assertThat(example.prompt().images().getFirst().width()).isEqualTo(84);
          });
    }
  }

  @Test
  void questionsAboutOneImageShareItsFileAndDiffer() {
    RecDataWriter.write(folder.resolve("out"), RecDataSettings.forTraining(40, 1, 3), SILENT);

    List<DataRow.Example> train = read(folder.resolve("out"), "train");
    for (int image = 0; image < 20; image++) {
      List<DataRow.Example> rows = train.subList(2 * image, 2 * image + 2);
      assertThat(rows)
          .extracting(row -> row.prompt().images())
          .containsOnly(rows.getFirst().prompt().images());
      assertThat(rows).extracting(DataRow.Example::question).doesNotHaveDuplicates();
    }
  }

  @Test
  void theBoxOfAnAttributeQuestionHoldsTheColourThatTheQuestionNames() throws IOException {
    RecDataWriter.write(folder.resolve("out"), RecDataSettings.forTraining(1, 60, 5), SILENT);

    for (DataRow.Example example : read(folder.resolve("out"), "attr")) {
      BufferedImage image = image("attr", example);
      int centre = image.getRGB(centerX(example), centerY(example)) & 0xffffff;
      assertThat(example.question()).contains(colourWord(centre));
    }
  }

  @Test
  void heldOutLooksAppearInTheirSplitAndNowhereElse() throws IOException {
    RecDataWriter.write(folder.resolve("out"), RecDataSettings.forTraining(160, 60, 7), SILENT);

    for (String split : SPLITS) {
      for (int image = 0; image < (split.equals("train") ? 80 : 60); image++) {
        Path file = folder.resolve("out/images/%s/%06d.png".formatted(split, image));
        assertThat(squares(ImageIO.read(file.toFile()), BLUE))
            .as("a blue square in %s", file)
            .isLessThanOrEqualTo(split.equals("ood_combo") ? 1 : 0);
      }
    }
    assertThat(read(folder.resolve("out"), "ood_combo")).hasSize(60);
  }

  @Test
  void theUnseenFormIsAskedInItsSplitOnly() {
    RecDataWriter.write(folder.resolve("out"), RecDataSettings.forTraining(160, 40, 7), SILENT);
    String unseen = ".* the \\w+most (large|small) object\\.";

    for (String split : SPLITS) {
      List<String> questions =
          read(folder.resolve("out"), split).stream().map(DataRow.Example::question).toList();
      if (split.equals("ood_rel")) {
        assertThat(questions).allMatch(question -> question.matches(unseen));
      } else {
        assertThat(questions).noneMatch(question -> question.matches(unseen));
      }
    }
  }

  @Test
  void demonstrationsAnswerTheirQuestionAndAShareIsOffInConvention() {
    RecDataWriter.write(folder.resolve("out"), RecDataSettings.forWarmStart(200, 11), SILENT);

    List<DataRow.Example> clean = read(folder.resolve("out"), "sft_full");
    assertThat(clean).hasSize(800);
    assertThat(clean)
        .extracting(DataRow.Example::response)
        .allMatch(RecAnswer::isWellFormed)
        .allMatch(response ->
            response.matches(
                "<think>(large|small) \\w+ \\w+ (top|center|bottom) (left|middle|right)</think>"
                    + "<answer>\\{\"bbox\":\\[\\d+,\\d+,\\d+,\\d+]}</answer>"));
    List<DataRow.Example> shifted = read(folder.resolve("out"), "sft_shift");
    double withoutThinking =
        shifted.stream().filter(row -> !RecAnswer.isWellFormed(row.response())).count() / 200.0;
    double cornerAndSize =
        shifted.stream()
                .filter(row -> RecAnswer.isWellFormed(row.response()))
                .filter(row -> isCornerAndSize(row.response()))
                .count()
            / 200.0;
    assertThat(withoutThinking).isBetween(0.1, 0.3); // 0.2 +- 3.5 standard errors
    assertThat(cornerAndSize).isBetween(0.38, 0.62); // 0.5 +- 3.5 standard errors
  }

  @Test
  void anEqualDataSetIsLeftAlone() throws IOException {
    RecDataSettings settings = RecDataSettings.forTraining(4, 2, 9);
    Path out = folder.resolve("out");

    assertThat(RecDataWriter.write(out, settings, SILENT)).isTrue();
    Object written = Files.getLastModifiedTime(out.resolve("train.jsonl"));
    assertThat(RecDataWriter.write(out, settings, SILENT)).isFalse();

    assertThat(Files.getLastModifiedTime(out.resolve("train.jsonl"))).isEqualTo(written);
  }

  @Test
  void aFolderWithOtherContentIsRefusedAndKept() throws IOException {
    Path out = Files.createDirectory(folder.resolve("out"));
    Files.writeString(out.resolve("thesis.txt"), "do not lose me");

    assertThatThrownBy(() -> RecDataWriter.write(out, RecDataSettings.forTraining(4, 2, 9), SILENT))
        .isInstanceOf(DataException.class)
        .hasMessageContaining(out.toString())
        .hasMessageContaining("not empty");
    assertThat(contents(out)).containsOnlyKeys("thesis.txt");
  }

  @Test
  void aFailureLeavesNothingBehind() throws IOException {
    RecDataWriter.Progress full =
        (done, total) -> {
          throw new java.io.UncheckedIOException(new IOException("no space left"));
        };

    assertThatThrownBy(() ->
            RecDataWriter.write(folder.resolve("out"), RecDataSettings.forTraining(4, 2, 9), full))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("no space left");
    assertThat(contents(folder)).isEmpty();
  }

  private List<DataRow.Example> read(Path out, String split) {
    DataSet data =
        DataSet.open(
            List.of(new DataFile(out.resolve(split + ".jsonl"), out)),
            "rec",
            new QuestionTemplate("{Question}"),
            new ImageFiles());
    List<DataRow.Example> examples = new ArrayList<>();
    for (int i = 0; i < data.size(); i++) {
      DataRow row = data.row(i);
      assertThat(row).isInstanceOf(DataRow.Example.class);
      examples.add((DataRow.Example) row);
    }
    return examples;
  }

  /** Objects of a colour that fill the box around their pixels; colours are unique in a scene. */
  private static int squares(BufferedImage image, int rgb) {
    int pixels = 0;
    int left = 84;
    int right = -1;
    int top = 84;
    int bottom = -1;
    for (int y = 0; y < 84; y++) {
      for (int x = 0; x < 84; x++) {
        if ((image.getRGB(x, y) & 0xffffff) == rgb) {
          pixels++;
          left = Math.min(left, x);
          right = Math.max(right, x);
          top = Math.min(top, y);
          bottom = Math.max(bottom, y);
        }
      }
    }
    return pixels > 0 && pixels == (right - left + 1) * (bottom - top + 1) ? 1 : 0;
  }

  /** Evaluation rows have one image each, numbered like the rows. */
  private BufferedImage image(String split, DataRow.Example example) throws IOException {
    int id = Integer.parseInt(example.prompt().fields().getOrDefault("id", "-1"));
    return ImageIO.read(folder.resolve("out/images/%s/%06d.png".formatted(split, id)).toFile());
  }

  private static int centerX(DataRow.Example example) {
    Box box = RecAnswer.reference(example.prompt().solution()).orElseThrow();
    return (int) (box.x1() + box.x2()) / 2;
  }

  private static int centerY(DataRow.Example example) {
    Box box = RecAnswer.reference(example.prompt().solution()).orElseThrow();
    return (int) (box.y1() + box.y2()) / 2;
  }

  private static String colourWord(int rgb) {
    return switch (rgb) {
      case 0xe61e1e -> "red";
      case 0x1ec81e -> "green";
      case 0x283cf0 -> "blue";
      case 0xf0dc1e -> "yellow";
      case 0xe628dc -> "magenta";
      case 0x1edce6 -> "cyan";
      default -> throw new AssertionError("no colour of the scenes: " + Integer.toHexString(rgb));
    };
  }

  /** Third and fourth number equal and a side that objects have; corners are rarely so. */
  private static boolean isCornerAndSize(String response) {
    Box box = RecAnswer.predicted(response).orElseThrow();
    return box.x2() == box.y2()
        && box.x2() <= 34
        && !(box.x2() - box.x1() >= 14 && box.x2() - box.x1() == box.y2() - box.y1());
  }

  private static Map<String, String> contents(Path folder) throws IOException {
    Map<String, String> contents = new TreeMap<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String name = folder.relativize(file).toString();
        contents.put(name, java.util.HexFormat.of().formatHex(Files.readAllBytes(file)));
      }
    }
    return contents;
  }
}
