package dev.sampo.protocol.log;

/**
 * What a recording was made with: everything that decides whether a replay can be bitwise equal.
 *
 * @param formatVersion version of the folder's format, {@link #FORMAT_VERSION} for a new one
 * @param runId the run that was recorded
 * @param config the resolved configuration, as text
 * @param modelHash SHA-256 over the initial weights, as in {@link
 *     dev.sampo.protocol.PolicyVersion#weightsHash}
 * @param tokenizerHash SHA-256 of the tokenizer file
 * @param processorHash SHA-256 of the image processor's settings file
 * @param torchBuild version of libtorch
 * @param cpuCapability the instruction set that libtorch uses, for example {@code AVX2}
 * @param rolloutThreads native threads of the rollout
 * @param learnerThreads native threads of the learner
 */
public record RecordingManifest(
    int formatVersion,
    String runId,
    String config,
    String modelHash,
    String tokenizerHash,
    String processorHash,
    String torchBuild,
    String cpuCapability,
    int rolloutThreads,
    int learnerThreads) {
  /** The version that this code writes and reads. */
  public static final int FORMAT_VERSION = 1;

  /** Whether groups of {@code other} may be added to a recording of this manifest. */
  boolean isContinuedBy(RecordingManifest other) {
    return runId.equals(other.runId)
        && modelHash.equals(other.modelHash)
        && tokenizerHash.equals(other.tokenizerHash)
        && processorHash.equals(other.processorHash);
  }
}
