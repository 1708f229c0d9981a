package dev.sampo.tasks.data;

import dev.sampo.protocol.Prompt;

/** What a line of a data file turned out to be. */
public sealed interface DataRow {

  /** Where the row comes from: {@code file:line}. */
  String source();

  /**
   * A row that can be trained on.
   *
   * @param prompt what to ask and how to judge the answer
   * @param question the question before the template was applied
   * @param response the reference answer exactly as the row gives it; what supervised training
   *     imitates
   */
  record Example(Prompt prompt, String question, String response) implements DataRow {
    @Override
    public String source() {
      return prompt.source();
    }
  }

  /**
   * A row to set aside.
   *
   * @param source {@code file:line}
   * @param reason one line: what is wrong
   */
  record BadRow(String source, String reason) implements DataRow {
    @Override
    public String toString() {
      return source + ": " + reason;
    }
  }
}
