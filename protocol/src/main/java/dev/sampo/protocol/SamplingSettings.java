package dev.sampo.protocol;

/**
 * How completions are sampled. Log-probs are those of the policy at the temperature, before top-k
 * and top-p take tokens away (at temperature 1 when greedy): what the learner computes for the same
 * token, so that the ratio of an unchanged policy is 1.
 *
 * @param temperature divides the logits; 0 means greedy
 * @param topK keep only the k most likely tokens; 0 keeps all
 * @param topP keep the smallest set of tokens with at least this mass; 1 keeps all
 * @param maxTokens longest completion, the end token included
 */
public record SamplingSettings(double temperature, int topK, double topP, int maxTokens) {
  public SamplingSettings {
    require(temperature >= 0 && Double.isFinite(temperature), "temperature", ">= 0", temperature);
    require(topK >= 0, "top-k", ">= 0 (0 keeps all tokens)", topK);
    require(topP > 0 && topP <= 1, "top-p", "in (0, 1]", topP);
    require(maxTokens >= 1, "max-tokens", ">= 1", maxTokens);
  }

  /** The most likely token at every position. */
  public static SamplingSettings greedy(int maxTokens) {
    return new SamplingSettings(0, 0, 1, maxTokens);
  }

  /** The policy's own distribution, unfiltered. */
  public static SamplingSettings atTemperature(double temperature, int maxTokens) {
    return new SamplingSettings(temperature, 0, 1, maxTokens);
  }

  public boolean isGreedy() {
    return temperature == 0;
  }

  private static void require(boolean holds, String name, String rule, Number got) {
    if (!holds) {
      throw new IllegalArgumentException(name + " must be " + rule + ", got " + got);
    }
  }
}
