package dev.sampo.actors.evaluation;

import dev.sampo.config.EvaluationSettings;
import dev.sampo.protocol.Prompt;
import dev.sampo.tasks.data.DataFile;
import dev.sampo.tasks.data.DataRow;
import dev.sampo.tasks.data.DataSet;
import dev.sampo.tasks.data.ImageFiles;
import dev.sampo.tasks.data.QuestionTemplate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The questions that a policy is measured on.
 *
 * @param prompts the questions of each split
 * @param images where their images are
 * @param numBadRows rows that were left out because they cannot be asked
 */
public record EvaluationSplits(
    Map<String, List<Prompt>> prompts, ImageFiles images, int numBadRows) {
  public EvaluationSplits {
    prompts = Collections.unmodifiableSortedMap(new TreeMap<>(prompts));
  }

  /**
   * Reads the first rows of every split.
   *
   * @param task of the rows
   * @param template of the questions, which evaluation shares with training
   * @throws dev.sampo.tasks.DataException when a file cannot be read or has no valid row
   */
  public static EvaluationSplits open(
      EvaluationSettings settings, String task, QuestionTemplate template) {
    ImageFiles images = new ImageFiles();
    Map<String, List<Prompt>> prompts = new TreeMap<>();
    int numBadRows = 0;
    for (var split : settings.splits().entrySet()) {
      DataFile file = new DataFile(split.getValue(), settings.imageFolder());
      DataSet rows = DataSet.open(List.of(file), task, template, images);
      rows.check();
      List<Prompt> asked = new ArrayList<>();
      for (int i = 0; i < rows.size() && asked.size() < settings.prompts(); i++) {
        switch (rows.row(i)) {
          case DataRow.Example example -> asked.add(example.prompt());
          case DataRow.BadRow _ -> numBadRows++;
        }
      }
      prompts.put(split.getKey(), asked);
    }
    return new EvaluationSplits(prompts, images, numBadRows);
  }

  /** Questions of all splits. */
  public int numPrompts() {
    return prompts.values().stream().mapToInt(List::size).sum();
  }
}
