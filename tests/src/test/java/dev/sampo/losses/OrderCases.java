package dev.sampo.losses;

import dev.sampo.actors.run.ExperienceQueue;
import dev.sampo.actors.run.StalenessGate;
import dev.sampo.learner.LearnerSettings;
import dev.sampo.learner.PolicyUpdate;
import dev.sampo.learner.ReferencePolicy;
import dev.sampo.learner.ReferenceSettings;
import dev.sampo.learner.objective.KlSettings;
import dev.sampo.learner.objective.ObjectivePreset;
import dev.sampo.learner.optimizer.AdamW;
import dev.sampo.learner.optimizer.ScheduleShape;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.Prompt;
import dev.sampo.tasks.data.DataCursor;
import dev.sampo.tasks.data.DataFile;
import dev.sampo.tasks.data.DataRow;
import dev.sampo.tasks.data.DataSet;
import dev.sampo.tasks.data.EpochOrder;
import dev.sampo.tasks.data.ImageFiles;
import dev.sampo.tasks.data.PromptSource;
import dev.sampo.tasks.data.QuestionTemplate;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Cases about the order in which an epoch is trained on. A run of one epoch with a bound of 0 on
 * the staleness: data set, rollout, queue and learner are those of every run, the network is a
 * script that notes what passes backwards.
 */
final class OrderCases {
  private static final String ROW = "row";

  private OrderCases() {}

  static void check(CaseLine line, Fields inputs, Fields expected, Comparison comparison) {
    int[] permutation = inputs.wholeVector("permutation");
    if (!Arrays.equals(
        Arrays.stream(permutation).sorted().toArray(),
        IntStream.range(0, permutation.length).toArray())) {
      throw new UnsupportedCaseException("a permutation that is not of 0 to its length - 1");
    }
    int groupSize = inputs.integer("num_generations");
    int groupsPerStep = inputs.integer("prompts_per_optimizer_step");
    LearnerSettings settings = settings(groupsPerStep, inputs.integer("num_iterations"));
    try {
      Path folder = Files.createTempDirectory("order");
      try {
        DataSet data = data(folder, permutation.length);
        // As data.drop-last has it.
        EpochOrder order = ((EpochOrder) (epoch, rows) -> permutation).inWholeSteps(groupsPerStep);
        var prompts = new PromptSource(data, order, DataCursor.START);
        double[] trained = train(data.size(), prompts, settings, groupSize);
        comparison.check("order", trained, expected.vector("order"));
        if (expected.has("reported_len")) {
          // What the trainer announces counts all rows, also those that are left out.
          comparison.check(
              "reported_len",
              (double) data.size() * groupSize * settings.updatesPerBatch(),
              expected.number("reported_len"));
        }
      } finally {
        Files.deleteIfExists(rows(folder));
        Files.delete(folder);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path rows(Path folder) {
    return folder.resolve("rows.jsonl");
  }

  /** Rows that know their number. */
  private static DataSet data(Path folder, int size) throws IOException {
    String text =
        IntStream.range(0, size)
            .mapToObj(row ->
                "{\"%s\": %d, \"conversations\": [{\"value\": \"q\"}, {\"value\": \"a\"}]}"
                    .formatted(ROW, row))
            .collect(Collectors.joining("\n"));
    Files.writeString(rows(folder), text);
    return DataSet.open(
        List.of(new DataFile(rows(folder), folder)),
        "qa",
        QuestionTemplate.forTask("qa"),
        new ImageFiles());
  }

  private static LearnerSettings settings(int groupsPerStep, int updatesPerBatch) {
    return new LearnerSettings(
        groupsPerStep,
        0,
        updatesPerBatch,
        0,
        1e-6,
        ScheduleShape.CONSTANT,
        0,
        0,
        0,
        0.9,
        0.999,
        1e-8,
        1,
        8192,
        false,
        512,
        1,
        ReferenceSettings.FIXED,
        ObjectivePreset.GRPO.settings().withKl(KlSettings.none()));
  }

  /** The number of the row of every completion that passes backwards in one epoch. */
  private static double[] train(
      int numRows, PromptSource prompts, LearnerSettings settings, int groupSize) {
    int groupsPerStep = settings.groupsPerStep();
    int steps = prompts.epochRows() / groupsPerStep;
    List<int[]> answers = Collections.nCopies(numRows, new int[1]);
    try (var policy = new ScriptedPolicy(answers, 1);
        var optimizer = new AdamW(policy.parameters(), settings.optimizer());
        var rollout = new ScriptedRollout(policy, Set.of(0), groupSize, groupsPerStep, 1);
        var update =
            new PolicyUpdate(
                policy,
                ReferencePolicy.none(),
                optimizer,
                settings,
                new PolicyUpdate.Run(steps, 0, Map.of()),
                prompt -> ScriptedPolicy.prompt(number(prompt)))) {
      var queue = new ExperienceQueue(new StalenessGate(0, groupsPerStep, steps));
      for (int step = 0; step < steps; step++) {
        PolicyVersion current = ScriptedRollout.version(step);
        for (int i = 0; i < groupsPerStep; i++) {
          GroupId group = new GroupId((long) step * groupsPerStep + i);
          Prompt prompt = prompt(prompts, group);
          rollout.ask(group, prompt, number(prompt), current);
        }
        rollout.generate().forEach(queue::add);
        int pieces = update.begin(queue.take(step).batch(), current);
        for (int i = 0; i < pieces; i++) {
          update.microBatch();
        }
        update.finish();
      }
      return policy.trainedOn().stream()
          .flatMap(tree -> tree.groups().stream())
          .flatMapToDouble(group ->
              group.branches().stream().mapToDouble(branch -> group.prompt().tokenIds()[0]))
          .toArray();
    }
  }

  private static Prompt prompt(PromptSource prompts, GroupId group) {
    return switch (prompts.visit(group).row()) {
      case DataRow.Example example -> example.prompt();
      case DataRow.BadRow bad -> throw new IllegalStateException(bad.toString());
    };
  }

  private static int number(Prompt prompt) {
    return Integer.parseInt(Objects.requireNonNull(prompt.fields().get(ROW)));
  }
}
