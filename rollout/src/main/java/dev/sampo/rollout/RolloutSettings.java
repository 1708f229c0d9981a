package dev.sampo.rollout;

import dev.sampo.vlm.GenerationCache;

/**
 * How much a rollout worker does at a time.
 *
 * @param groupSize completions of a group, G
 * @param maxGroupsInFlight groups that decode together; with the group size this is the batch
 * @param maxPromptTokens longest prompt, image tokens included; longer ones are refused
 * @param prefillTokens prompt tokens that one step takes in at most, at least one prompt always;
 *     bounds how long a step keeps running rows waiting
 * @param threads native threads that the operations of the worker's thread are spread over
 * @param deterministic whether groups pass the network one by one, so that what a group samples is
 *     the same to the bit whatever else is generated, and wherever; slower
 */
public record RolloutSettings(
    int groupSize,
    int maxGroupsInFlight,
    int maxPromptTokens,
    int prefillTokens,
    int threads,
    boolean deterministic) {
  public RolloutSettings {
    requirePositive("group-size", groupSize);
    requirePositive("max-groups-in-flight", maxGroupsInFlight);
    requirePositive("max-prompt-tokens", maxPromptTokens);
    requirePositive("prefill-tokens", prefillTokens);
    requirePositive("threads", threads);
  }

  DecodeLoop.Batching batching() {
    return deterministic ? DecodeLoop.Batching.APART : DecodeLoop.Batching.TOGETHER;
  }

  /** Room for these settings and completions of at most {@code maxTokens}. */
  GenerationCache.Capacity capacity(int maxTokens) {
    return new GenerationCache.Capacity(maxGroupsInFlight, groupSize, maxPromptTokens, maxTokens);
  }

  private static void requirePositive(String key, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(key + " must be at least 1, got " + value);
    }
  }
}
