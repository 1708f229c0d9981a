package dev.sampo.protocol;

/**
 * A run of tokens of one completion that one policy version sampled.
 *
 * @param from position of the first token of the run
 * @param version the policy that sampled it
 */
public record VersionSpan(int from, PolicyVersion version) {}
