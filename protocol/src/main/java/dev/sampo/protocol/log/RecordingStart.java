package dev.sampo.protocol.log;

/**
 * Where a recording begins: with the run, or after a step, when what came before was dropped.
 *
 * @param step steps taken before the first recorded one
 * @param weightsHash SHA-256 of the weights then
 * @param segment number of the first segment, from 1
 */
public record RecordingStart(long step, String weightsHash, int segment) {}
