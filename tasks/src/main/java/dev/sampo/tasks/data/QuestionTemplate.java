package dev.sampo.tasks.data;

/**
 * What is asked around the question of a row, for example the demand for think and answer tags.
 *
 * @param text the template; {@code {Question}} stands for the question
 */
public record QuestionTemplate(String text) {
  /** Where the question goes. */
  public static final String PLACEHOLDER = "{Question}";

  private static final String THINK_THEN_ANSWER =
      "{Question} First output the thinking process in <think> </think> tags and then output the"
          + " final answer in <answer> </answer> tags.";
  private static final String TAGS_EXPLAINED =
      "First thinks about the reasoning process in the mind and then provides the user with the"
          + " answer. The reasoning process and answer are enclosed within <think> </think> and"
          + " <answer> </answer> tags, respectively, i.e., <think> reasoning process here"
          + " </think><answer> ";

  public QuestionTemplate {
    if (!text.contains(PLACEHOLDER)) {
      throw new IllegalArgumentException(
          "question-template must contain " + PLACEHOLDER + ", got \"" + text + "\"");
    }
  }

  /**
   * The template of VLM-R1 for a task of a Qwen model, word for word, because published checkpoints
   * were trained on it. Tasks without their own share one that asks for think and answer tags.
   */
  public static QuestionTemplate forTask(String task) {
    return new QuestionTemplate(
        switch (task) {
          case "rec" -> THINK_THEN_ANSWER + " Output the final answer in JSON format.";
          case "ic" -> "{Question} " + TAGS_EXPLAINED + "json format answer here </answer>";
          case "odLength" -> TAGS_EXPLAINED + "answer here </answer>\n{Question}";
          default -> THINK_THEN_ANSWER;
        });
  }

  /** The template that VLM-R1 has for every task of models that it does not ask by task. */
  public static QuestionTemplate general() {
    return new QuestionTemplate(THINK_THEN_ANSWER);
  }

  /** The text to ask. */
  public String ask(String question) {
    return text.replace(PLACEHOLDER, question);
  }
}
