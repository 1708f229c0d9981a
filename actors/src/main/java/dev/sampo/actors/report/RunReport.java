package dev.sampo.actors.report;

import dev.sampo.actors.RunListener;
import dev.sampo.actors.StepReport;
import dev.sampo.actors.evaluation.Comparison;
import dev.sampo.protocol.wire.TensorBoardFile;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import javax.imageio.ImageIO;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes the run folder: every step as it happens, the summary and the pictures at the end. Steps
 * may come from any one thread at a time.
 */
public final class RunReport implements RunListener, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RunReport.class);

  private final RunFolder folder;
  private final Clock clock;
  private final MetricsLog metrics;
  private final TensorBoardFile tensorBoard;
  private final List<StepReport> steps = new ArrayList<>();
  private final Map<Long, StepReport> before = new HashMap<>(); // of steps that are taken again
  private long numSetAside;

  /**
   * Begins the report, or goes on with it.
   *
   * @param folder exists
   * @param numTaken steps that the run has taken; what the folder reports of later ones is cut off
   */
  public RunReport(RunFolder folder, Clock clock, long numTaken) {
    this.folder = folder;
    this.clock = clock;
    try {
      for (StepReport report : MetricsLog.read(folder.metrics())) {
        if (report.step() <= numTaken) {
          steps.add(report);
        } else {
          before.put(report.step(), report);
        }
      }
      MetricsLog.replace(folder.metrics(), steps);
      this.metrics = new MetricsLog(folder.metrics());
      this.tensorBoard =
          new TensorBoardFile(
              Files.createDirectories(folder.tensorBoard()), clock.instant(), numTaken);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Whether a folder has the line of a step. */
  public static boolean has(RunFolder folder, long step) {
    try {
      return MetricsLog.read(folder.metrics()).stream().anyMatch(line -> line.step() == step);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public synchronized void stepFinished(StepReport report) {
    steps.add(report);
    try {
      metrics.write(report);
      tensorBoard.write(report.step(), clock.instant(), finite(report.metrics()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A step was taken again to the same weights: what was measured the first time counts. */
  @Override
  public synchronized void stepRetaken(StepReport report) {
    stepFinished(before.getOrDefault(report.step(), report));
  }

  @Override
  public synchronized void force() {
    try {
      metrics.force();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public synchronized void groupSetAside(String reason) {
    numSetAside++;
    LOG.info("set aside: {}", reason);
  }

  @Override
  public void noticed(String line) {
    LOG.warn("{}", line);
  }

  @Override
  public void paused(Optional<String> reason) {
    LOG.info("{}", reason.map(text -> "the learner waits: " + text).orElse("the learner goes on"));
  }

  /**
   * Says which steps have no line any more; empty if all have one, as it should be.
   *
   * @param first number of the first step of the run
   * @param last number of the last step that was taken
   */
  public synchronized Optional<String> lost(long first, long last) {
    Set<Long> present = steps.stream().map(StepReport::step).collect(Collectors.toSet());
    List<Long> missing =
        LongStream.rangeClosed(first, last)
            .boxed()
            .filter(step -> !present.contains(step))
            .toList();
    return missing.isEmpty()
        ? Optional.empty()
        : Optional.of(
            "%s was cut or damaged: it has no line for %d of %d steps, the first of them is step %d"
                .formatted(folder.metrics(), missing.size(), last - first + 1, missing.getFirst()));
  }

  @Override
  public synchronized List<StepReport> steps() {
    return List.copyOf(steps);
  }

  /** Groups set aside so far. */
  public synchronized long numSetAside() {
    return numSetAside;
  }

  /** The largest value of a metric over the run; empty when no step has it. */
  public synchronized Optional<Double> max(String metric) {
    return steps.stream()
        .flatMap(step -> Optional.ofNullable(step.metrics().get(metric)).stream())
        .max(Double::compare);
  }

  /** The sum of a metric over the steps that have it. */
  public synchronized double sum(String metric) {
    return steps.stream().mapToDouble(step -> step.metrics().getOrDefault(metric, 0.0)).sum();
  }

  /** Draws {@code curves.png}; nothing is drawn for a run without steps. */
  public synchronized void drawCurves(String title, int maxStaleness) {
    if (!steps.isEmpty()) {
      draw(folder.curves(), () -> CurvesPicture.draw(title, steps, maxStaleness));
    }
  }

  /** Draws {@code scenes.png}. */
  public void drawScenes(Comparison comparison, Function<String, Optional<byte[]>> images) {
    draw(folder.scenes(), () -> SceneSheet.draw(comparison, images));
  }

  /** Writes {@code summary.json}. */
  public void writeSummary(Comparison comparison, RunTotals totals) {
    SummaryFile.write(folder.summary(), comparison, totals);
  }

  @Override
  public synchronized void close() {
    try (metrics;
        tensorBoard) {
      LOG.info("{} steps reported, {} groups set aside", steps.size(), numSetAside);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static SortedMap<String, Double> finite(Map<String, Double> metrics) {
    SortedMap<String, Double> finite = new TreeMap<>(metrics);
    finite.values().removeIf(value -> !Double.isFinite(value));
    return finite;
  }

  /** A JVM without fonts cannot draw text; a run is worth its numbers without the picture. */
  private static void draw(Path file, Supplier<BufferedImage> picture) {
    try {
      ByteArrayOutputStream png = new ByteArrayOutputStream();
      ImageIO.write(picture.get(), "png", png);
      RunFolder.write(file, png.toByteArray());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (LinkageError | InternalError e) {
      LOG.error("{} was not drawn: this JVM has no fonts (install fontconfig and a font)", file, e);
    }
  }
}
