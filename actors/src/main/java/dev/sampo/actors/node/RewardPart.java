package dev.sampo.actors.node;

import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.CompletionScore;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/**
 * What a node brings that scores groups.
 *
 * @param rewards scores a group without blocking the caller
 * @param maxInFlight groups scored at a time
 */
public record RewardPart(
    Function<CompletionGroup, CompletionStage<List<CompletionScore>>> rewards, int maxInFlight) {}
