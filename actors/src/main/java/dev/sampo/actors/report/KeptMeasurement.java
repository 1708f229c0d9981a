package dev.sampo.actors.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.sampo.actors.evaluation.Answered;
import dev.sampo.actors.evaluation.SplitResult;
import dev.sampo.actors.transfer.HashedFiles;
import dev.sampo.protocol.Prompt;
import dev.sampo.tasks.eval.RecReport;
import dev.sampo.tasks.rec.Box;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * {@code before.json}: what the policy did on the questions when the run began. A run that goes on
 * compares with that and need not ask again.
 */
public final class KeptMeasurement {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final Path file;
  private final Map<String, List<Prompt>> questions;
  private final String conditions;

  /** The file; its conditions are a hash. */
  private record Content(String conditions, SortedMap<String, Split> splits) {}

  private record Split(RecReport greedy, RecReport sampled, List<Answer> answers) {}

  /** An answer to the question from a row, {@code file:line}, with at most one predicted box. */
  private record Answer(String row, String text, List<Box> predicted, Box truth, double iou) {}

  /**
   * The measurement of a run, there or not.
   *
   * @param questions of each split
   * @param conditions what else decides the answers, as text
   */
  public KeptMeasurement(RunFolder folder, Map<String, List<Prompt>> questions, String conditions) {
    this.file = folder.before();
    this.questions = questions;
    this.conditions =
        HashedFiles.sha256Of((conditions + questions).getBytes(StandardCharsets.UTF_8));
  }

  /**
   * What was found; empty if nothing is kept, if that was of other questions or under other
   * conditions, or if the file is damaged.
   */
  public Optional<Map<String, SplitResult>> read() {
    try {
      Content content = JSON.readValue(file.toFile(), Content.class);
      return Optional.of(content).filter(kept -> kept.conditions.equals(conditions)).map(this::of);
    } catch (FileNotFoundException | JsonProcessingException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Map<String, SplitResult> of(Content content) {
    Map<String, SplitResult> results = new LinkedHashMap<>();
    content.splits.forEach((name, split) -> {
      Map<String, Prompt> byRow =
          questions.getOrDefault(name, List.of()).stream()
              .collect(Collectors.toMap(Prompt::source, Function.identity()));
      results.put(
          name,
          new SplitResult(
              split.greedy,
              split.sampled,
              split.answers.stream().map(answer -> answered(answer, byRow)).toList()));
    });
    return results;
  }

  private static Answered answered(Answer answer, Map<String, Prompt> byRow) {
    return new Answered(
        Objects.requireNonNull(byRow.get(answer.row)),
        answer.text,
        answer.predicted.stream().findFirst(),
        answer.truth,
        answer.iou);
  }

  /** Keeps what was found, on the disk when this returns. */
  public void write(Map<String, SplitResult> results) {
    SortedMap<String, Split> splits = new TreeMap<>();
    results.forEach((name, result) ->
        splits.put(
            name,
            new Split(
                result.greedy(),
                result.sampled(),
                result.answers().stream().map(KeptMeasurement::answer).toList())));
    try {
      RunFolder.write(
          file,
          JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(new Content(conditions, splits)));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("numbers and texts cannot fail to be written", e);
    }
  }

  private static Answer answer(Answered answered) {
    return new Answer(
        answered.prompt().source(),
        answered.text(),
        answered.predicted().stream().toList(),
        answered.truth(),
        answered.iou());
  }
}
