package dev.sampo.tasks.data;

import dev.sampo.protocol.ImageRef;
import dev.sampo.protocol.Prompt;
import dev.sampo.tasks.DataException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The rows of one or several JSONL files in file order. Opening only finds the lines; a row is
 * parsed and its images are hashed when it is asked for. Safe for several threads.
 */
public final class DataSet {
  private final List<DataFile> files;
  private final List<JsonLines> lines;
  private final int[] firstRows; // of each file, and the number of all rows at the end
  private final String task;
  private final QuestionTemplate template;
  private final ImageFiles images;

  private DataSet(List<DataFile> files, String task, QuestionTemplate template, ImageFiles images) {
    this.files = List.copyOf(files);
    this.lines = files.stream().map(file -> JsonLines.index(file.path())).toList();
    this.firstRows = new int[files.size() + 1];
    for (int f = 0; f < files.size(); f++) {
      firstRows[f + 1] = Math.addExact(firstRows[f], lines.get(f).size());
    }
    this.task = task;
    this.template = template;
    this.images = images;
  }

  /**
   * Opens a data set.
   *
   * @param files its files, whose rows follow one another
   * @param task name of the task, which every prompt carries
   * @param template applied to every question
   * @param images takes note of every image that a visited row names
   * @throws DataException when a file cannot be read or there is no row at all
   */
  public static DataSet open(
      List<DataFile> files, String task, QuestionTemplate template, ImageFiles images) {
    DataSet data = new DataSet(files, task, template, images);
    if (data.size() == 0) {
      throw new DataException("no rows in " + data.fileNames());
    }
    return data;
  }

  /** Number of rows, bad ones included. */
  public int size() {
    return firstRows[files.size()];
  }

  /** The row at {@code index} of 0 to {@code size() - 1}. */
  public DataRow row(int index) {
    int f = fileOf(index);
    JsonLines file = lines.get(f);
    int line = index - firstRows[f];
    try {
      RowParser.ParsedRow row = RowParser.parse(file.text(line), files.get(f).rewardMethod());
      List<ImageRef> refs = new ArrayList<>();
      for (String image : row.images()) {
        refs.add(images.ref(files.get(f).imageFolder().resolve(image)));
      }
      Prompt prompt =
          new Prompt(
              file.source(line),
              task,
              template.ask(row.question()),
              refs,
              row.solution(),
              row.fields());
      return new DataRow.Example(prompt, row.question(), row.response());
    } catch (RowProblem e) {
      return new DataRow.BadRow(file.source(line), e.reason());
    } catch (IOException e) {
      return new DataRow.BadRow(file.source(line), String.valueOf(e.getMessage()));
    }
  }

  /**
   * Reads every row once, without opening the images, to find what is wrong before anything heavy
   * starts.
   *
   * @return the bad rows in file order
   * @throws DataException when no row is valid
   */
  public List<DataRow.BadRow> check() {
    List<DataRow.BadRow> bad = new ArrayList<>();
    Set<Path> present = new HashSet<>();
    for (int f = 0; f < files.size(); f++) {
      JsonLines file = lines.get(f);
      for (int line = 0; line < file.size(); line++) {
        try {
          RowParser.parse(file.text(line), files.get(f).rewardMethod()).images().stream()
              .map(files.get(f).imageFolder()::resolve)
              .forEach(image -> requirePresent(image, present));
        } catch (RowProblem e) {
          bad.add(new DataRow.BadRow(file.source(line), e.reason()));
        }
      }
    }
    if (bad.size() == size()) {
      throw new DataException(
          "no valid row in %s; the first problem is at %s".formatted(fileNames(), bad.getFirst()));
    }
    return bad;
  }

  private static void requirePresent(Path image, Set<Path> present) {
    if (!present.contains(image)) {
      if (!Files.isRegularFile(image)) {
        throw new RowProblem("image file " + image + " does not exist");
      }
      present.add(image);
    }
  }

  private int fileOf(int index) {
    if (index < 0 || index >= size()) {
      throw new IndexOutOfBoundsException("row " + index + " of " + size());
    }
    int f = 0;
    while (firstRows[f + 1] <= index) {
      f++;
    }
    return f;
  }

  private String fileNames() {
    return String.join(", ", files.stream().map(file -> file.path().toString()).toList());
  }
}
