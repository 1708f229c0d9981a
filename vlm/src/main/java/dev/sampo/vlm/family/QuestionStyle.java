package dev.sampo.vlm.family;

/** How VLM-R1 asks the models of a family, where a run does not say it itself. */
public enum QuestionStyle {
  /** With the words of the task, which for boxes ask for JSON. */
  BY_TASK,
  /** With the same words for every task. */
  GENERAL
}
