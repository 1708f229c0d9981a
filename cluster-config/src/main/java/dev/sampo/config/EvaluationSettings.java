package dev.sampo.config;

import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the policy is measured on.
 *
 * @param splits JSONL file of each split, by the name it is reported under
 * @param imageFolder folder that the image names of their rows are relative to
 * @param prompts rows of each split to ask, from its beginning
 * @param temperature temperature of the sampled measurement; the greedy one has none
 * @param threads passes over a split that run side by side, each with a copy of the policy
 */
public record EvaluationSettings(
    Map<String, Path> splits, Path imageFolder, int prompts, double temperature, int threads) {
  public EvaluationSettings {
    splits = Collections.unmodifiableSortedMap(new TreeMap<>(splits));
    Require.that(prompts >= 1, "prompts", ">= 1", prompts);
    Require.that(
        temperature > 0 && Double.isFinite(temperature), "temperature", "> 0", temperature);
    Require.that(threads >= 1, "threads", ">= 1", threads);
  }
}
