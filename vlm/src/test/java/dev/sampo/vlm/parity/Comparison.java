package dev.sampo.vlm.parity;

import dev.sampo.vlm.Goldens;
import java.io.IOException;
import java.util.List;

/** One kind of numbers that this project and a reference must agree on. */
interface Comparison {

  /** All kinds, from the picture file to the saved checkpoint. */
  static List<Comparison> all() {
    return List.of(
        new PromptComparison(),
        new VisionComparison(),
        new LogitsComparison(),
        new GreedyComparison(),
        new ScoreComparison(),
        new GradientComparison(),
        new AdapterComparison(),
        new Bfloat16Comparison(),
        new SavedComparison());
  }

  /** Compares everything of its kind that was recorded. */
  void run(Goldens goldens, Report report) throws IOException;
}
