package dev.sampo.actors.cli;

import dev.sampo.config.ResultSettings;
import dev.sampo.config.RunConfig;
import dev.sampo.protocol.log.RecordingManifest;
import dev.sampo.vlm.ops.NativeBuild;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How the conditions of a replay differ from those of its recording.
 *
 * @param isAsRecorded whether the settings that decide the result are the recorded ones
 * @param isTrained whether the recorded run trained, so that there are weights to compare with
 * @param remarks what the user should know, in lines
 */
record RecordedConditions(boolean isAsRecorded, boolean isTrained, List<String> remarks) {
  RecordedConditions {
    remarks = List.copyOf(remarks);
  }

  /**
   * Compares them.
   *
   * @param recorded the recorded settings; empty if they cannot be read any more
   */
  static RecordedConditions of(
      RecordingManifest manifest, Optional<RunConfig> recorded, RunConfig config) {
    List<String> remarks = new ArrayList<>();
    Optional<ResultSettings.Changes> changes =
        recorded.map(before -> ResultSettings.changes(decisive(before), decisive(config)));
    if (changes.isEmpty()) {
      remarks.add(
          "the recorded settings cannot be read any more: the steps may end otherwise than"
              + " recorded");
    }
    changes
        .filter(present -> !present.decisive().isEmpty())
        .ifPresent(present ->
            remarks.add(
                "trained with other settings than recorded, so that the steps end otherwise: "
                    + present.shown()));
    boolean isTrained = recorded.map(before -> !before.recording().only()).orElse(true);
    if (!isTrained) {
      remarks.add("the recording was made without training: there are no steps to be equal to");
    }
    machine(manifest, config).ifPresent(remarks::add);
    return new RecordedConditions(
        changes.filter(present -> present.decisive().isEmpty()).isPresent(), isTrained, remarks);
  }

  /** What decides the result beside the weights, which are compared by their hash. */
  private static SortedMap<String, String> decisive(RunConfig config) {
    SortedMap<String, String> settings = new TreeMap<>(ResultSettings.replayed(config));
    settings.remove("model.path");
    return settings;
  }

  private static Optional<String> machine(RecordingManifest manifest, RunConfig config) {
    Map<String, String> before =
        Map.of(
            "libtorch", manifest.torchBuild(),
            "the instruction set", manifest.cpuCapability(),
            "learner.threads", Integer.toString(manifest.learnerThreads()));
    Map<String, String> now =
        Map.of(
            "libtorch", NativeBuild.torchVersion(),
            "the instruction set", NativeBuild.cpuCapability(),
            "learner.threads", Integer.toString(config.learner().threads()));
    ResultSettings.Changes changes = ResultSettings.changes(before, now);
    List<String> lines = new ArrayList<>(changes.decisive());
    lines.addAll(changes.rounding());
    return lines.isEmpty()
        ? Optional.empty()
        : Optional.of(String.join("; ", lines) + ": losses may differ by rounding");
  }
}
