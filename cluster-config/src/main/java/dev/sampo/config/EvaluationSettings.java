package dev.sampo.config;

import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the policy is measured on.
 *
 * @param splits JSONL file of each split, by the name it is reported under
 * @param prompts rows of each split to ask, from its beginning
 * @param temperature temperature of the sampled measurement; the greedy one has none
 */
public record EvaluationSettings(Map<String, Path> splits, int prompts, double temperature) {
  public EvaluationSettings {
    splits = Collections.unmodifiableSortedMap(new TreeMap<>(splits));
    Require.that(prompts >= 1, "prompts", ">= 1", prompts);
    Require.that(
        temperature > 0 && Double.isFinite(temperature), "temperature", "> 0", temperature);
  }
}
