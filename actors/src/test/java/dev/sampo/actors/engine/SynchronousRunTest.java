package dev.sampo.actors.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.actors.RunListener;
import dev.sampo.actors.StepReport;
import dev.sampo.actors.node.SampoNode;
import dev.sampo.actors.pipeline.Trainer;
import dev.sampo.actors.question.RunQuestions;
import dev.sampo.actors.run.GroupSeeds;
import dev.sampo.config.LoadedConfig;
import dev.sampo.config.ResultSettings;
import dev.sampo.config.RunConfig;
import dev.sampo.config.RunConfigReader;
import dev.sampo.learner.batch.CachedPromptEncoder;
import dev.sampo.protocol.Completion;
import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.CompletionScore;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.RolloutLease;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.log.RecordedStep;
import dev.sampo.protocol.log.Recording;
import dev.sampo.reward.pipeline.RewardPipeline;
import dev.sampo.reward.pipeline.RewardRegistry;
import dev.sampo.rollout.AnswerTokens;
import dev.sampo.rollout.GenerationEngine;
import dev.sampo.rollout.WeightInstaller;
import dev.sampo.tasks.data.DataFile;
import dev.sampo.tasks.data.DataRow;
import dev.sampo.tasks.data.DataSet;
import dev.sampo.tasks.data.ImageFiles;
import dev.sampo.tasks.data.PromptSource;
import dev.sampo.tasks.data.PromptVisit;
import dev.sampo.tasks.rec.RecDataSettings;
import dev.sampo.tasks.rec.RecDataWriter;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.prompt.VlmProcessor;
import dev.sampo.vlm.weights.transfer.WeightSnapshot;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Without staleness and with a deterministic rollout, the actors compute what a loop on one thread
 * computes that knows nothing of them, to the bit. The model has been trained on the task, so that
 * rewards differ and every step moves the weights.
 */
@Timeout(300)
class SynchronousRunTest {
  private static final int STEPS = 4;
  private static final int GROUPS_PER_STEP = 5;

  @TempDir Path folder;

  /** What a step was made of and what it led to. */
  private record Step(List<Group> groups, String weightsHash) {}

  private record Group(
      GroupId id, String source, List<Completion> completions, List<CompletionScore> scores) {
    static Group of(ScoredGroup scored) {
      return new Group(
          scored.id(),
          scored.group().prompt().source(),
          scored.group().completions(),
          scored.scores());
    }
  }

  @BeforeEach
  void writeData() {
    RecDataWriter.write(
        folder.resolve("data"), RecDataSettings.forTraining(16, 4, 1), (done, total) -> {});
  }

  @Test
  void aRunOfActorsEndsInTheBitsOfAPlainLoop() throws Exception {
    List<Step> plain = plainLoop(config("plain", "run", List.of()));
    assertThat(plain).extracting(Step::weightsHash).doesNotHaveDuplicates();

    List<Step> live = liveRun("live", List.of("rollout.max-groups-in-flight=3"));

    assertSame(live, plain);
  }

  @Test
  void groupsAreReplacedAsInAPlainLoop() throws Exception {
    List<String> dynamic =
        List.of("learner.objective.filter.min-std=0.3", "learner.max-extra-groups=3");
    List<Step> plain = plainLoop(config("plain", "run", dynamic));
    assertThat(plain.getLast().groups().getLast().id().value())
        .as("some were replaced")
        .isGreaterThan(STEPS * GROUPS_PER_STEP);

    List<Step> live = liveRun("live", dynamic);

    assertSame(live, plain);
  }

  @Test
  void twoRunsOfOneSeedAreTheSameHoweverManyWorkersTheyHave() throws Exception {
    List<Step> one = liveRun("one", List.of("rollout.max-groups-in-flight=4"));
    List<Step> again = liveRun("again", List.of("rollout.max-groups-in-flight=2"));
    List<Step> two = liveRunOfTwoWorkers();

    assertSame(again, one);
    assertSame(two, one);
  }

  /** The first difference, not the last. */
  private static void assertSame(List<Step> actual, List<Step> expected) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < expected.size(); i++) {
      assertThat(actual.get(i).groups())
          .as("groups of step %d", i + 1)
          .isEqualTo(expected.get(i).groups());
      assertThat(actual.get(i).weightsHash())
          .as("weights after step %d", i + 1)
          .isEqualTo(expected.get(i).weightsHash());
    }
  }

  /** Sample a step's groups with the current weights, one after the other, score, train, repeat. */
  private List<Step> plainLoop(LoadedConfig loaded) {
    RunConfig config = loaded.settings();
    ImageFiles images = new ImageFiles();
    PromptSource questions = questions(config, images);
    List<Step> steps = new ArrayList<>();
    ExecutorService judges =
        Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().factory());
    try (VlmProcessor processor = RunModels.processor(config.model());
        VisionLanguageModel sampled = RunModels.open(config.model(), config.run().seed());
        PolicyTrainer trainer =
            NodeAssembly.trainer(
                config,
                image -> images.find(image.sha256()),
                folder.resolve("plain"),
                new NodeAssembly.Start(
                    Optional.empty(), ResultSettings.replayed(config), 1, Optional.empty()));
        GenerationEngine engine =
            new GenerationEngine(
                sampled,
                AnswerTokens.of(processor),
                config.rollout(),
                config.sampling().maxTokens(),
                trainer.version(),
                "loop")) {
      var weights = new WeightInstaller(engine, WeightSnapshot.of(sampled.parameters()));
      var prompts = new CachedPromptEncoder(processor, image -> images.find(image.sha256()), 16);
      var rewards = new RewardPipeline(config.reward(), RewardRegistry.standard(), judges);
      trainer.writeSnapshot();
      while (steps.size() < STEPS) {
        List<ScoredGroup> batch = new ArrayList<>();
        int numReplaced = 0;
        while (batch.size() < GROUPS_PER_STEP) {
          RolloutLease lease = lease(questions.next(), config);
          engine.admit(lease, prompts.encode(lease.prompt()));
          ScoredGroup group = rewards.score(finish(engine)).join();
          if (numReplaced < config.learner().maxExtraGroups()
              && NodeAssembly.screen(config).whyUseless(group).isPresent()) {
            numReplaced++;
          } else {
            batch.add(group);
          }
        }
        int microBatches = trainer.begin(batch);
        for (int i = 0; i < microBatches; i++) {
          trainer.microBatch(i);
        }
        assertThat(trainer.finish()).isInstanceOf(Trainer.Update.Taken.class);
        Trainer.Written written = trainer.writeDelta();
        weights.install(weights.prepare(written.delta(), written.folder()));
        steps.add(
            new Step(batch.stream().map(Group::of).toList(), trainer.version().weightsHash()));
      }
    } finally {
      judges.shutdownNow();
    }
    return steps;
  }

  private static PromptSource questions(RunConfig config, ImageFiles images) {
    DataSet rows =
        DataSet.open(
            List.of(new DataFile(config.data().train(), config.data().imageFolder())),
            config.data().task(),
            RunQuestions.template(config),
            images);
    return NodeAssembly.prompts(config, rows);
  }

  private static RolloutLease lease(PromptVisit visit, RunConfig config) {
    if (!(visit.row() instanceof DataRow.Example row)) {
      throw new AssertionError("a synthetic row is bad: " + visit.row());
    }
    return new RolloutLease(
        new LeaseId(1, visit.id(), 1),
        row.prompt(),
        config.rollout().groupSize(),
        config.sampling(),
        GroupSeeds.of(config.run().seed(), visit.id()),
        0,
        Duration.ofMinutes(1));
  }

  private static CompletionGroup finish(GenerationEngine engine) {
    List<CompletionGroup> finished = new ArrayList<>();
    while (!engine.isIdle()) {
      finished.addAll(engine.step());
    }
    return finished.getFirst();
  }

  private List<Step> liveRun(String name, List<String> changes) throws Exception {
    LoadedConfig config = config(name, "here", changes);
    Path run = folder.resolve(name);
    NewRun.train(config, run, QUIET);
    return recorded(name);
  }

  /** The learner waits before its first step until both are there. */
  private List<Step> liveRunOfTwoWorkers() throws Exception {
    List<String> oneSlot = List.of("rollout.max-groups-in-flight=1");
    LoadedConfig here = config("two", "here", oneSlot);
    LoadedConfig there =
        config(
            "there",
            "there",
            Stream.concat(oneSlot.stream(), Stream.of("node.roles=[rollout]")).toList());
    Path two = folder.resolve("two");
    try (NodeAssembly first = NodeAssembly.of(here, two, Optional.of(NewRun.in(here, two)));
        NodeAssembly second = NodeAssembly.of(there, folder.resolve("there"), Optional.empty());
        SampoNode learner = NewRun.start(here, first, Optional.empty(), QUIET)) {
      learner.pause();
      try (SampoNode worker =
          NewRun.start(there, second, Optional.of(learner.joinAddress()), QUIET)) {
        awaitWorkers(learner, 2);
        learner.resume();
        learner.finished().toCompletableFuture().get(120, TimeUnit.SECONDS);
        assertThat(worker.httpUrl()).isNotEqualTo(learner.httpUrl());
      }
    }
    try (Stream<RecordedStep> steps = Recording.open(folder.resolve("two/rollouts")).steps(0)) {
      assertThat(
              steps
                  .flatMap(step -> step.groups().stream())
                  .map(group -> group.group().worker())
                  .collect(Collectors.toSet()))
          .as("both generated")
          .containsExactlyInAnyOrder("rollout@here", "rollout@there");
    }
    return recorded("two");
  }

  private static void awaitWorkers(SampoNode learner, int count) throws Exception {
    long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (learner.status().toCompletableFuture().get(60, TimeUnit.SECONDS).workers().size()
        < count) {
      assertThat(System.nanoTime()).as("workers joined in time").isLessThan(deadline);
      LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
    }
  }

  private List<Step> recorded(String name) {
    try (Stream<RecordedStep> steps = Recording.open(folder.resolve(name + "/rollouts")).steps(0)) {
      return steps
          .map(step ->
              new Step(
                  step.groups().stream().map(Group::of).toList(),
                  step.step().version().weightsHash()))
          .toList();
    }
  }

  private static final RunListener QUIET =
      new UneventfulRun() {
        @Override
        public void stepFinished(StepReport report) {}

        @Override
        public void paused(Optional<String> reason) {}
      };

  private LoadedConfig config(String name, String host, List<String> changes) {
    Path data = folder.resolve("data");
    List<String> all =
        new ArrayList<>(
            List.of(
                "run.name=same", // part of every version
                "run.folder=" + folder.resolve(name),
                "run.steps=" + STEPS,
                "node.host=" + host, // names the worker
                "model.path=" + Path.of("../models/tiny-rec/shifted").toAbsolutePath().normalize(),
                "data.train=" + data.resolve("train.jsonl"),
                "data.image-folder=" + data,
                "learner.groups-per-step=" + GROUPS_PER_STEP,
                "learner.objective.kl.beta=0.01",
                "learner.micro-batch-tokens=600",
                "learner.warm-up-steps=0",
                "rollout.group-size=4",
                "rollout.deterministic=true",
                "staleness.max=0"));
    all.addAll(changes);
    return RunConfigReader.read(Optional.empty(), all);
  }
}
