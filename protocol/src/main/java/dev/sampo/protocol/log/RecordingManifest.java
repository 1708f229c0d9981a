package dev.sampo.protocol.log;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What a recording was made with: everything that decides whether a replay can be bitwise equal.
 *
 * @param formatVersion version of the folder's format, {@link #FORMAT_VERSION} for a new one
 * @param runId the run that was recorded
 * @param config the resolved configuration, as text
 * @param modelHash SHA-256 over the initial weights, as in {@link
 *     dev.sampo.protocol.PolicyVersion#weightsHash}
 * @param tokenizerHash SHA-256 over the files of tokenizer and chat template; in format 1, of
 *     {@code tokenizer.json}
 * @param processorHash SHA-256 over the files that decide the patches of an image; in format 1, of
 *     {@code preprocessor_config.json}
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
  /** The version that this code writes. It reads this one and those before. */
  public static final int FORMAT_VERSION = 2;

  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

  /** What is missing for a replay to know what it starts from, in lines; empty if nothing is. */
  List<String> problems() {
    return Stream.of(
            problem("modelHash", modelHash),
            problem("tokenizerHash", tokenizerHash),
            problem("processorHash", processorHash))
        .flatMap(Optional::stream)
        .toList();
  }

  private static Optional<String> problem(String name, String hash) {
    return SHA256.matcher(hash).matches()
        ? Optional.empty()
        : Optional.of("manifest.json: %s is no SHA-256: \"%s\"".formatted(name, hash));
  }

  /** Whether groups of {@code other} may be added to a recording of this manifest. */
  boolean isContinuedBy(RecordingManifest other) {
    return runId.equals(other.runId)
        && modelHash.equals(other.modelHash)
        && tokenizerHash.equals(other.tokenizerHash)
        && processorHash.equals(other.processorHash);
  }
}
