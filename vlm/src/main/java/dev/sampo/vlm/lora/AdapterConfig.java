package dev.sampo.vlm.lora;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * What {@code adapter_config.json} says of the numbers of an adapter.
 *
 * @param rank rank of modules that no pattern names
 * @param alpha alpha of modules that no pattern names
 * @param dropout rate at which inputs are dropped in training
 * @param isRankStabilised whether the scale is {@code alpha / sqrt(r)} (Kalajdzievski 2023)
 * @param ranks rank by regular expression over the end of a path; the first that matches counts
 * @param alphas alpha by regular expression, likewise
 */
record AdapterConfig(
    int rank,
    double alpha,
    double dropout,
    boolean isRankStabilised,
    Map<String, Integer> ranks,
    Map<String, Double> alphas) {
  AdapterConfig {
    ranks = Collections.unmodifiableMap(new LinkedHashMap<>(ranks));
    alphas = Collections.unmodifiableMap(new LinkedHashMap<>(alphas));
  }

  static AdapterConfig of(LoraSettings settings) {
    return new AdapterConfig(
        settings.rank(), settings.alpha(), settings.dropout(), false, Map.of(), Map.of());
  }

  int rank(String path) {
    String pattern = firstMatch(ranks.keySet(), path);
    return ranks.getOrDefault(pattern, rank);
  }

  double scale(String path) {
    String pattern = firstMatch(alphas.keySet(), path);
    double own = alphas.getOrDefault(pattern, alpha);
    return own / (isRankStabilised ? Math.sqrt(rank(path)) : rank(path));
  }

  private static String firstMatch(Collection<String> patterns, String path) {
    return patterns.stream()
        .filter(pattern -> Pattern.matches("(.*\\.)?(" + pattern + ")", path))
        .findFirst()
        .orElse("");
  }
}
