package dev.sampo.tasks.data;

import java.nio.file.Path;

/**
 * One JSONL file of a data set.
 *
 * @param path the file
 * @param imageFolder relative image paths start here; an absolute image path ignores it
 * @param rewardMethod {@code accu_reward_method} of rows that name none
 */
public record DataFile(Path path, Path imageFolder, String rewardMethod) {
  /** The method of VLM-R1 for files that name none. */
  public static final String COMMON_REWARD_METHOD = "default";

  public DataFile(Path path, Path imageFolder) {
    this(path, imageFolder, COMMON_REWARD_METHOD);
  }
}
