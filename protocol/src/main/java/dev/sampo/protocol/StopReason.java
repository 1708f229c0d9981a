package dev.sampo.protocol;

/** Why a completion ended. */
public enum StopReason {
  /** The policy sampled an end token, which is the completion's last token. */
  END_OF_TURN,
  /** The completion reached its longest length without an end token. */
  LENGTH;

  public boolean isTruncated() {
    return this == LENGTH;
  }
}
