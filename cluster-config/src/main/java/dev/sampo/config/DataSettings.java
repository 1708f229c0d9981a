package dev.sampo.config;

import java.nio.file.Path;
import java.util.Optional;

/**
 * The training data.
 *
 * @param train JSONL file in the VLM-R1 format
 * @param imageFolder folder that the image names of the rows are relative to
 * @param task name of the task, which chooses how a row becomes a prompt
 * @param questionTemplate the user's turn, {@code {Question}} standing for the row's problem; empty
 *     takes the one that belongs to the task
 * @param shuffle draw the rows of an epoch in an order that the run seed decides
 * @param dropLast leave out the rows at the end of each epoch's order that do not fill a step
 */
public record DataSettings(
    Path train,
    Path imageFolder,
    String task,
    Optional<String> questionTemplate,
    boolean shuffle,
    boolean dropLast) {
  public DataSettings {
    questionTemplate.ifPresent(template ->
        Require.that(
            template.contains("{Question}"),
            "question-template",
            "a text with {Question} in it",
            "\"" + template + "\""));
  }
}
