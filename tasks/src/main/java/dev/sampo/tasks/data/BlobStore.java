package dev.sampo.tasks.data;

import java.util.Optional;

/** Bytes by their content: encoded images that this node can read. Safe for several threads. */
public interface BlobStore {
  /**
   * The bytes with this hash.
   *
   * @param sha256 SHA-256 of the bytes, lower-case hex
   * @return a fresh array whose hash was verified, or empty when this store has no such bytes or no
   *     longer has them
   */
  Optional<byte[]> find(String sha256);
}
