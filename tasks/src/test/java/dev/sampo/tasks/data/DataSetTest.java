package dev.sampo.tasks.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sampo.protocol.ImageRef;
import dev.sampo.protocol.Prompt;
import dev.sampo.tasks.DataException;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DataSetTest {
  private static final String TURNS =
      "\"conversations\":[{\"from\":\"human\",\"value\":\"<image>where?\"},"
          + "{\"from\":\"gpt\",\"value\":[1,2,3,4]}]";

  @TempDir Path folder;
  private final ImageFiles images = new ImageFiles();

  @BeforeEach
  void writeAnImage() throws IOException {
    ImageIO.write(
        new BufferedImage(20, 10, BufferedImage.TYPE_INT_RGB),
        "png",
        folder.resolve("a.png").toFile());
  }

  @Test
  void everyColumnButImageAndConversationsReachesThePromptAsJson() {
    DataSet data = open("{\"image\":\"a.png\",\"difficulty\":3,\"tag\":\"x\"," + TURNS + "}");

    Prompt prompt = example(data, 0).prompt();

    assertThat(prompt.fields())
        .containsOnlyKeys("accu_reward_method", "difficulty", "tag")
        .containsEntry("difficulty", "3")
        .containsEntry("tag", "\"x\"")
        .containsEntry("accu_reward_method", "\"default\"");
  }

  @Test
  void aTextOnlyFirstRowDoesNotTakeTheImagesOfLaterRows() {
    DataSet data = open("{" + TURNS + "}\n{\"image\":[\"a.png\",\"a.png\"]," + TURNS + "}");

    assertThat(example(data, 0).prompt().images()).isEmpty();
    assertThat(example(data, 1).prompt().images()).hasSize(2);
  }

  @Test
  void anImageIsNamedByItsBytesAndTheBytesAreFoundByThatName() throws IOException {
    DataSet data = open("{\"image\":\"a.png\"," + TURNS + "}");

    ImageRef image = example(data, 0).prompt().images().getFirst();

    byte[] bytes = Files.readAllBytes(folder.resolve("a.png"));
    assertThat(image.width()).isEqualTo(20);
    assertThat(image.height()).isEqualTo(10);
    assertThat(image.numBytes()).isEqualTo(bytes.length);
    assertThat(images.find(image.sha256())).hasValueSatisfying(b -> assertThat(b).isEqualTo(bytes));
  }

  @Test
  void bytesThatChangedSinceTheyWereNamedAreNotHandedOut() throws IOException {
    DataSet data = open("{\"image\":\"a.png\"," + TURNS + "}");
    ImageRef image = example(data, 0).prompt().images().getFirst();

    Files.writeString(folder.resolve("a.png"), "something else");

    assertThat(images.find(image.sha256())).isEmpty();
  }

  @Test
  void blankLinesAreNoRowsButCountAsLines() {
    DataSet data = open("\n  \r\n{" + TURNS + "}\n\n\n{" + TURNS + "}");

    assertThat(data.size()).isEqualTo(2);
    assertThat(data.row(0).source()).endsWith("data.jsonl:3");
    assertThat(data.row(1).source()).endsWith("data.jsonl:6");
  }

  @Test
  void aByteOrderMarkIsNotPartOfTheFirstRow() {
    assertThat(example(open("\ufeff{" + TURNS + "}"), 0).question()).isEqualTo("where?");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "{\"image\": | broken JSON at column 10",
        "[1, 2] | not a JSON object",
        "{\"image\":5,TURNS} | image must be a path or a list of paths, got 5",
        "{\"image\":[\"a.png\",7],TURNS} | image must be a path or a list of paths",
        "{\"image\":\"gone.png\",TURNS} | gone.png does not exist",
        "{\"image\":\"data.jsonl\",TURNS} | data.jsonl is no image",
        "{\"conversations\":[]} | conversations must be a list of a question and an answer",
        "{\"id\":1} | conversations must be a list of a question and an answer",
        "{\"conversations\":[{\"value\":7},{\"value\":7}]} | the question, must be a string",
        "{\"conversations\":[{\"value\":\"q\"},{\"value\":null}]} | the answer, is missing",
        "{TURNS} {TURNS} | broken JSON",
      })
  void aRowThatCannotBeUsedSaysWhereAndWhy(String line, String reason) {
    DataSet data = open("{" + TURNS + "}\n" + line.replace("TURNS", TURNS));

    DataRow row = data.row(1);

    assertThat(row).isInstanceOf(DataRow.BadRow.class);
    assertThat(row.toString())
        .startsWith(folder.resolve("data.jsonl") + ":2: ")
        .contains(reason)
        .doesNotContain("\n");
  }

  @Test
  void textThatIsNotUtf8IsABadRow() throws IOException {
    Path file = folder.resolve("data.jsonl");
    Files.write(file, "{\"id\":\"caf\u00e9\"}".getBytes(StandardCharsets.ISO_8859_1));

    DataRow row = open(file).row(0);

    assertThat(row).isEqualTo(new DataRow.BadRow(file + ":1", "not UTF-8 text"));
  }

  @Test
  void aDamagedImageIsABadRow() throws IOException {
    byte[] png = Files.readAllBytes(folder.resolve("a.png"));
    Files.write(folder.resolve("cut.png"), java.util.Arrays.copyOf(png, 12));

    DataRow row = open("{\"image\":\"cut.png\"," + TURNS + "}").row(0);

    assertThat(row.toString()).contains("cut.png").contains("damaged");
  }

  @Test
  void theCheckFindsBadRowsAndMissingImagesOfAllFiles() throws IOException {
    Path one = Files.writeString(folder.resolve("1.jsonl"), "{" + TURNS + "}\n{\n");
    Path two =
        Files.writeString(folder.resolve("2.jsonl"), "{\"image\":\"gone.png\"," + TURNS + "}");
    DataSet data =
        DataSet.open(
            List.of(new DataFile(one, folder), new DataFile(two, folder)),
            "rec",
            QuestionTemplate.forTask("rec"),
            images);

    assertThat(data.check())
        .extracting(DataRow.BadRow::source)
        .containsExactly(one + ":2", two + ":1");
  }

  @Test
  void aDataSetWithoutAnyValidRowIsRefusedWithTheFirstReason() {
    DataSet data = open("{\n{\"id\":1}\n");

    assertThatThrownBy(data::check)
        .isInstanceOf(DataException.class)
        .hasMessageContaining("no valid row")
        .hasMessageContaining("data.jsonl:1: broken JSON");
  }

  @Test
  void aMissingOrEmptyDataFileIsNamed() {
    Path missing = folder.resolve("missing.jsonl");

    assertThatThrownBy(() -> open(missing))
        .isInstanceOf(DataException.class)
        .hasMessage("data file " + missing + " does not exist");
    assertThatThrownBy(() -> open("\n \n"))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("no rows in ");
    assertThatThrownBy(() -> open(folder))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("is a folder");
  }

  @Test
  void aFileThatGrewIsNoticedInsteadOfReadAtWrongPlaces() throws IOException {
    DataSet data = open("{" + TURNS + "}");

    Files.writeString(folder.resolve("data.jsonl"), "{\"id\":1," + TURNS + "}");

    assertThat(data.row(0).toString()).contains("has changed since it was opened");
  }

  @Test
  void aRowBeyondTheReadBufferIsFoundWhole() {
    String text = "x".repeat(200_000);
    DataSet data =
        open("{" + TURNS + "}\n{\"text\":\"" + text + "\"," + TURNS + "}\n{" + TURNS + "}");

    assertThat(example(data, 1).prompt().fields()).containsEntry("text", "\"" + text + "\"");
    assertThat(example(data, 2).source()).endsWith(":3");
  }

  private DataSet open(String content) {
    try {
      return open(Files.writeString(folder.resolve("data.jsonl"), content));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private DataSet open(Path file) {
    return DataSet.open(
        List.of(new DataFile(file, folder)), "rec", QuestionTemplate.forTask("rec"), images);
  }

  private static DataRow.Example example(DataSet data, int row) {
    assertThat(data.row(row)).isInstanceOf(DataRow.Example.class);
    return (DataRow.Example) data.row(row);
  }
}
