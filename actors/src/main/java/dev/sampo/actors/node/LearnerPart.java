package dev.sampo.actors.node;

import dev.sampo.actors.journal.RunLedger;
import dev.sampo.actors.pipeline.JournalWriter;
import dev.sampo.actors.pipeline.SkippedGroups;
import dev.sampo.actors.pipeline.Trainer;
import dev.sampo.actors.run.GroupDispatch;
import dev.sampo.actors.run.PromptFeed;
import dev.sampo.actors.run.Replacement;
import dev.sampo.actors.run.StalenessGate;
import dev.sampo.learner.guard.GuardSettings;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.log.RecordingWriter;
import dev.sampo.tasks.data.BlobStore;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What a node with the role {@code learner} brings.
 *
 * @param trainer opens the trainer, on the learner's thread
 * @param feed the prompts of the run
 * @param images the images of those prompts
 * @param recording where accepted groups and steps go; empty to record nothing
 * @param ledger what has happened so far, and where further events go
 * @param restored accepted groups of the recording that wait for the learner
 * @param patience how a lost database of the ledger is met
 * @param terms what is the same for every lease
 * @param gate bounds the age of groups
 * @param replacement which groups others take the place of
 * @param stragglerWait how long a step waits for groups that it would make too old
 * @param guards what watches over the steps
 * @param skips keeps the groups of steps that were left out
 * @param weights folder of the published weight files: {@code <folder>/<file>}
 */
public record LearnerPart(
    Supplier<? extends Trainer> trainer,
    PromptFeed feed,
    BlobStore images,
    Optional<RecordingWriter> recording,
    RunLedger ledger,
    List<ScoredGroup> restored,
    JournalWriter.Patience patience,
    GroupDispatch.Terms terms,
    StalenessGate gate,
    Replacement replacement,
    Duration stragglerWait,
    GuardSettings guards,
    SkippedGroups skips,
    Path weights) {
  public LearnerPart {
    restored = List.copyOf(restored);
  }
}
