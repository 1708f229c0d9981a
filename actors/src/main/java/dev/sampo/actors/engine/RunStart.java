package dev.sampo.actors.engine;

import dev.sampo.actors.StepReport;
import dev.sampo.actors.journal.RunLedger;
import java.nio.file.Path;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.Consumer;

/**
 * Where the learner's node begins, or goes on.
 *
 * @param ledger what has happened in the run; the node writes and closes it
 * @param checkpoint the newest of a step that counts; empty to begin at the model
 * @param settings what decides the result, for ledger and checkpoints
 * @param retaken told of every committed step that is taken again
 * @param noticed told what whoever runs this should know, in one line
 */
public record RunStart(
    RunLedger ledger,
    Optional<Path> checkpoint,
    SortedMap<String, String> settings,
    Consumer<StepReport> retaken,
    Consumer<String> noticed) {}
