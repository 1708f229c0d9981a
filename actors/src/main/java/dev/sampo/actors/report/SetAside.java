package dev.sampo.actors.report;

import dev.sampo.learner.sft.SftExample;
import dev.sampo.protocol.ImageRef;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.Prompt;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StepCommitted;
import dev.sampo.protocol.log.RecordingManifest;
import dev.sampo.protocol.log.RecordingWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * {@code set-aside/}: what could not be trained on, for inspection. Every step that was left out
 * has a folder {@code step-N} ({@code step-N-2} for the second one at that step, and so on) with
 * {@code reason.json} and, of a step over groups, a recording of those to blame. A run that goes on
 * replaces what it finds of a step that it repeats. Used by one thread.
 */
public final class SetAside {
  private static final long SEGMENT_BYTES = 64L << 20;

  private final Path folder;
  private final int keep;
  private final Map<Long, Integer> ofStep = new HashMap<>();

  /**
   * A step of which something was left out.
   *
   * @param number of the step that was or would have been taken, from 1
   * @param reason one line
   * @param metrics what was measured of it
   */
  public record Step(long number, String reason, Map<String, Double> metrics) {
    public Step {
      metrics = Map.copyOf(metrics);
    }
  }

  /**
   * Prepares a folder.
   *
   * @param folder made with the first step that is kept
   * @param keep how many steps are kept; later ones are not
   */
  public SetAside(Path folder, int keep) {
    this.folder = folder;
    this.keep = keep;
  }

  /**
   * Keeps groups, as a recording: one step over them that ends in the weights that it began with. A
   * replay from these weights tries it again.
   *
   * @param groups those to blame
   * @param manifest of the recording; its weights are those that the groups were too much for
   * @param images the encoded bytes of an image; one that is gone is left out
   * @return where they are; empty if there are enough already
   */
  public Optional<Path> keepGroups(
      Step step,
      List<ScoredGroup> groups,
      RecordingManifest manifest,
      Function<ImageRef, Optional<byte[]>> images) {
    return keep(
        SkippedStep.of(
            step,
            groups.stream().map(group -> row(group.group().prompt(), Optional.empty())).toList()),
        partial -> {
          try (RecordingWriter recording = RecordingWriter.open(partial, manifest, SEGMENT_BYTES)) {
            for (ScoredGroup group : groups) {
              for (ImageRef image : group.group().prompt().images()) {
                images.apply(image).ifPresent(bytes -> recording.store(image, bytes));
              }
              recording.append(group);
            }
            recording.append(leftOut(groups, manifest), OptionalDouble.empty());
            recording.sync();
          }
        });
  }

  private static StepCommitted leftOut(List<ScoredGroup> groups, RecordingManifest manifest) {
    return new StepCommitted(
        new PolicyVersion(manifest.runId(), 1, 1, manifest.modelHash()),
        groups.stream().map(ScoredGroup::id).toList(),
        List.of(),
        0);
  }

  /**
   * Keeps demonstrations.
   *
   * @return where they are; empty if there are enough already
   */
  public Optional<Path> keepRows(Step step, List<SftExample> examples) {
    List<SkippedStep.Row> rows =
        examples.stream()
            .map(example -> row(example.prompt(), Optional.of(example.answer())))
            .toList();
    return keep(SkippedStep.of(step, rows), partial -> {});
  }

  private static SkippedStep.Row row(Prompt prompt, Optional<String> answer) {
    return new SkippedStep.Row(prompt.source(), prompt.text(), answer);
  }

  private interface Content {
    void writeTo(Path partial) throws IOException;
  }

  private Optional<Path> keep(SkippedStep skip, Content content) {
    int nth = ofStep.merge(skip.step(), 1, Integer::sum);
    Path target = folder.resolve("step-" + skip.step() + (nth == 1 ? "" : "-" + nth));
    Path partial = target.resolveSibling(target.getFileName() + ".partial");
    try {
      if (!Files.exists(target) && numKept() >= keep) {
        return Optional.empty();
      }
      deleteAll(partial);
      Files.createDirectories(partial);
      skip.write(partial);
      content.writeTo(partial);
      deleteAll(target);
      return Optional.of(Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private long numKept() throws IOException {
    if (!Files.isDirectory(folder)) {
      return 0;
    }
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.filter(entry -> !entry.toString().endsWith(".partial")).count();
    }
  }

  private static void deleteAll(Path path) throws IOException {
    if (Files.exists(path)) {
      try (Stream<Path> tree = Files.walk(path)) {
        for (Path file : tree.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }
}
