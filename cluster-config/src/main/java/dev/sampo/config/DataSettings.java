package dev.sampo.config;

import java.nio.file.Path;

/**
 * The training data.
 *
 * @param train JSONL file in the VLM-R1 format
 * @param imageFolder folder that the image names of the rows are relative to
 * @param task name of the task, which chooses how a row becomes a prompt
 * @param questionTemplate the user's turn; {@code {Question}} stands for the row's problem
 * @param shuffle draw the rows of an epoch in an order that the run seed decides
 */
public record DataSettings(
    Path train, Path imageFolder, String task, String questionTemplate, boolean shuffle) {
  public DataSettings {
    Require.that(
        questionTemplate.contains("{Question}"),
        "question-template",
        "a text with {Question} in it",
        "\"" + questionTemplate + "\"");
  }
}
