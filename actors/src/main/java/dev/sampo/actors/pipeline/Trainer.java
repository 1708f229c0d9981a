package dev.sampo.actors.pipeline;

import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StepCommitted;
import dev.sampo.protocol.WeightDelta;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * One optimizer step in small pieces, so that the actor that drives it stays reachable. All calls
 * come from one thread: {@code begin}, {@code microBatch(0) ... microBatch(n - 1)}, {@code finish}.
 */
public interface Trainer extends AutoCloseable {

  /** How a step ended. */
  sealed interface Update {
    /** By their TRL name. */
    Map<String, Double> metrics();

    /** The groups to blame for what was left out; empty if nothing was. */
    List<GroupId> culprits();

    /**
     * The weights have changed.
     *
     * @param committed what a replay needs to take the step again
     * @param culprits the groups to blame if a later one of several updates was not finite, so that
     *     the rest of the step was left out; empty as a rule
     */
    record Taken(StepCommitted committed, List<GroupId> culprits, Map<String, Double> metrics)
        implements Update {
      public Taken {
        culprits = List.copyOf(culprits);
        metrics = Map.copyOf(metrics);
      }

      /** What whoever runs this should know of the step, in one line; empty if it is whole. */
      public Optional<String> notice() {
        return culprits.isEmpty()
            ? Optional.empty()
            : Optional.of(
                "step %d ended before its last update, which was not finite: groups %s"
                    .formatted(
                        committed.version().step(),
                        culprits.stream().map(GroupId::value).toList()));
      }

      /** The loss; empty if nothing was trained on. */
      public OptionalDouble loss() {
        Double loss = metrics.get("loss");
        return loss == null ? OptionalDouble.empty() : OptionalDouble.of(loss);
      }
    }

    /**
     * The weights are as they were.
     *
     * @param culprits the groups to blame
     */
    record Skipped(String reason, List<GroupId> culprits, Map<String, Double> metrics)
        implements Update {
      public Skipped {
        culprits = List.copyOf(culprits);
        metrics = Map.copyOf(metrics);
      }
    }
  }

  /**
   * Weights in files.
   *
   * @param folder where the files are, directly below the folder that the node serves
   */
  record Written(WeightDelta delta, Path folder) {}

  /** The weights as they are. */
  PolicyVersion version();

  /**
   * Prepares a step.
   *
   * @param batch groups in the order in which the step is recorded
   * @return the number of micro-batches
   */
  int begin(List<ScoredGroup> batch);

  /** Forward and backward pass of one micro-batch. */
  void microBatch(int index);

  /** Applies the gradients; {@link #version} is the new one if the step is taken. */
  Update finish();

  /**
   * Called once after every taken step: writes the present weights as their difference to the
   * version before the last step.
   */
  Written writeDelta();

  /** Writes all present weights. */
  Written writeSnapshot();

  /** Whether the present step is one that gets a checkpoint and has none. */
  boolean isCheckpointDue();

  /**
   * Saves the present state, from which a run can go on, unless this step has been saved.
   *
   * @param progress what else whoever drives needs for that, by name
   */
  void saveCheckpoint(Map<String, String> progress);

  @Override
  void close();
}
