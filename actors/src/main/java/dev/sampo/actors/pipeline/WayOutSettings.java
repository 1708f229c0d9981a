package dev.sampo.actors.pipeline;

import java.time.Duration;

/**
 * How a rollout worker hands groups on.
 *
 * @param maxBytes largest group that a message can carry
 * @param rewardTimeout when a reward worker that does not answer is asked again
 * @param offerTimeout when a buffer that does not answer is asked again
 * @param pause before a question is put again
 * @param quiet how long a group waits before it is said in the log that groups wait
 */
public record WayOutSettings(
    long maxBytes, Duration rewardTimeout, Duration offerTimeout, Duration pause, Duration quiet) {}
