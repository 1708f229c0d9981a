package dev.sampo.learner.advantage;

/** What becomes of a completion in an update. */
public enum CompletionUse {
  /** Its tokens are trained on. */
  LIVE,
  /** It counts as a completion, but has no live tokens: it was truncated and is masked. */
  MASKED,
  /** It counts nowhere: it has no score, or its group is left out. */
  OUT
}
