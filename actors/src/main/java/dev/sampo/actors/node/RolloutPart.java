package dev.sampo.actors.node;

import dev.sampo.actors.pipeline.Generator;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Supplier;

/**
 * What a node with the role {@code rollout} brings.
 *
 * @param generator opens the generator, on the worker's thread
 * @param scratch folder for fetched images and weights; emptied by nobody else
 * @param cacheBytes most bytes of images kept
 * @param measurements what the generator measured since the last call, by metric name; from any
 *     thread
 */
public record RolloutPart(
    Supplier<? extends Generator> generator,
    Path scratch,
    long cacheBytes,
    Supplier<Map<String, Double>> measurements) {}
