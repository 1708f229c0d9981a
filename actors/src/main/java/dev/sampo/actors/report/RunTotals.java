package dev.sampo.actors.report;

import java.time.Duration;

/**
 * What a run took.
 *
 * @param training time of the training alone
 * @param whole time of the whole command, data and evaluations included
 * @param maxStaleness oldest group trained on, in optimizer steps
 * @param tokensPerSecond sampled tokens of the trained groups over the training time
 * @param seed seed of the run
 */
public record RunTotals(
    Duration training, Duration whole, long maxStaleness, double tokensPerSecond, long seed) {}
