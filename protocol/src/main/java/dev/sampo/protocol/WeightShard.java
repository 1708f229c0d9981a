package dev.sampo.protocol;

/**
 * One immutable file of a published version.
 *
 * @param name file name, unique within the version
 * @param sha256 SHA-256 of the file, lower-case hex
 * @param numBytes size of the file
 */
public record WeightShard(String name, String sha256, long numBytes) {}
