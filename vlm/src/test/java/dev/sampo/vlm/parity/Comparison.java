package dev.sampo.vlm.parity;

import dev.sampo.vlm.Goldens;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;

/** One kind of numbers that this project and a reference must agree on. */
interface Comparison {

  /** The kinds that were recorded, from the picture file to the saved checkpoint. */
  static List<Comparison> allFor(Goldens goldens) {
    return Stream.of(
            new PromptComparison(),
            new VisionComparison(),
            new LogitsComparison(),
            new GreedyComparison(),
            new ScoreComparison(),
            new GradientComparison(),
            new AdapterComparison(),
            new Bfloat16Comparison(),
            new SavedComparison())
        .filter(comparison -> comparison.appliesTo(goldens))
        .toList();
  }

  /** Whether something of its kind was recorded. */
  default boolean appliesTo(Goldens goldens) {
    return true;
  }

  /** Compares everything of its kind that was recorded. */
  void run(Goldens goldens, Report report) throws IOException;
}
