package dev.sampo.vlm.weights.transfer;

/**
 * A file that an encoder wrote.
 *
 * @param name file name within the folder
 * @param sha256 SHA-256 of the file, lower-case hex
 * @param numBytes size of the file
 */
public record ShardFile(String name, String sha256, long numBytes) {}
