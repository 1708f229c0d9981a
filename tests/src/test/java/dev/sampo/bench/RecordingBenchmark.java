package dev.sampo.bench;

import dev.sampo.protocol.Completion;
import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.CompletionScore;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.ImageGrid;
import dev.sampo.protocol.ImageRef;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.Prompt;
import dev.sampo.protocol.RewardOutcome;
import dev.sampo.protocol.SamplingSettings;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.log.Recording;
import dev.sampo.protocol.log.RecordingManifest;
import dev.sampo.protocol.log.RecordingReport;
import dev.sampo.protocol.log.RecordingWriter;
import dev.sampo.protocol.wire.WireCodec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.Stream;

/**
 * Speed of recordings: {@code tests/bench/run.sh recording FOLDER [ROUNDS]}. FOLDER decides which
 * disk is measured; what is written there is deleted. A group has the size of one of VLM-R1: 8
 * completions of about 250 tokens on a prompt of 400, every fourth with an image of 100 kB of its
 * own.
 */
public final class RecordingBenchmark {
  private static final int GROUPS = 1000;
  private static final int GROUP_SIZE = 8;
  private static final int PROMPT_TOKENS = 400;
  private static final int GROUPS_PER_IMAGE = 4;
  private static final int IMAGE_BYTES = 100_000;
  private static final long SEGMENT_BYTES = 64L << 20;
  private static final PolicyVersion VERSION = new PolicyVersion("bench", 1, 0, "a".repeat(64));

  private final Random random = new Random(1);
  private final SyntheticCompletions sampled = new SyntheticCompletions(random);
  private final List<byte[]> images = new ArrayList<>();
  private final List<ScoredGroup> groups = new ArrayList<>();

  private RecordingBenchmark() {
    for (int i = 0; i < GROUPS; i++) {
      if (i % GROUPS_PER_IMAGE == 0) {
        byte[] image = new byte[IMAGE_BYTES]; // encoded pictures do not compress
        random.nextBytes(image);
        images.add(image);
      }
      groups.add(group(i, images.getLast()));
    }
  }

  public static void main(String[] arguments) throws IOException {
    Path folder = Files.createDirectories(Path.of(arguments[0]));
    int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 5;
    RecordingBenchmark benchmark = new RecordingBenchmark();
    benchmark.round(folder, new Results());
    Results results = new Results();
    for (int i = 0; i < rounds; i++) {
      benchmark.round(folder, results);
    }
    System.out.print(results.table());
  }

  private void round(Path folder, Results results) throws IOException {
    double plain = groups.stream().mapToLong(group -> WireCodec.encode(group).length).sum() / 1e6;
    for (int perSync : new int[] {GROUPS, 32, 1}) {
      Path root = folder.resolve("recording");
      Stopwatch watch = new Stopwatch();
      record(root, perSync);
      double seconds = watch.lap().seconds();
      String name = perSync == GROUPS ? "one sync" : "a sync every " + perSync;
      results.add("record groups, " + name, "groups/s", GROUPS / seconds);
      results.add("record bytes, " + name, "MB/s", bytes(root) / 1e6 / seconds);
      if (perSync == GROUPS) {
        results.add("group in memory form", "kB", 1e3 * plain / GROUPS);
        results.add(
            "group on disk, without its image",
            "kB",
            bytes(root.resolve("segments")) / 1e3 / GROUPS);
        read(root, results);
      }
      delete(root);
    }
  }

  private void record(Path root, int perSync) {
    var manifest =
        new RecordingManifest(
            RecordingManifest.FORMAT_VERSION,
            "bench",
            "",
            "a".repeat(64),
            "b".repeat(64),
            "c".repeat(64),
            "",
            "",
            1,
            1);
    try (RecordingWriter writer = RecordingWriter.open(root, manifest, SEGMENT_BYTES)) {
      for (int i = 0; i < GROUPS; i++) {
        ImageRef image = groups.get(i).group().prompt().images().getFirst();
        if (!writer.has(image)) {
          writer.store(image, images.get(i / GROUPS_PER_IMAGE));
        }
        writer.append(groups.get(i));
        if ((i + 1) % perSync == 0) {
          writer.sync();
        }
      }
    }
  }

  private static void read(Path root, Results results) throws IOException {
    Stopwatch watch = new Stopwatch();
    RecordingReport report = Recording.open(root).verify();
    double seconds = watch.lap().seconds();
    if (!report.isComplete() || report.numGroups() != GROUPS) {
      throw new IllegalStateException("not what was written: " + report);
    }
    results.add("verify groups", "groups/s", GROUPS / seconds);
    results.add("verify bytes", "MB/s", bytes(root) / 1e6 / seconds);
  }

  private ScoredGroup group(int id, byte[] image) {
    List<Completion> completions =
        Stream.generate(() -> sampled.completion(150, 200, VERSION)).limit(GROUP_SIZE).toList();
    var prompt =
        new Prompt(
            "train.jsonl:" + id,
            "rec",
            "Please provide the bounding box coordinate of the region this sentence describes.",
            List.of(new ImageRef(sha256(image), 640, 480, image.length)),
            "[1, 2, 3, 4]",
            Map.of());
    var group =
        new CompletionGroup(
            new LeaseId(1, new GroupId(id), 1),
            prompt,
            sampled.tokens(PROMPT_TOKENS),
            List.of(new ImageGrid(1, 34, 46, OptionalInt.of(14))),
            SamplingSettings.atTemperature(1, 2048),
            id,
            completions,
            "rollout@node-1");
    var score =
        new CompletionScore(
            Map.of(
                "iou", new RewardOutcome.Scored(random.nextDouble()),
                "rec-format", new RewardOutcome.Scored(1)),
            OptionalDouble.of(random.nextDouble()));
    return new ScoredGroup(group, Stream.generate(() -> score).limit(GROUP_SIZE).toList());
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static double bytes(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      return files.filter(Files::isRegularFile).mapToLong(RecordingBenchmark::size).sum();
    }
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void delete(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
