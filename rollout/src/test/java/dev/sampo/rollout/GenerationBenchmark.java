package dev.sampo.rollout;

import dev.sampo.protocol.SamplingSettings;
import dev.sampo.vlm.EncodedPrompt;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * Sampled tokens per second on the small checkpoint with 32 groups of 8 in flight, each group
 * replaced as it finishes, by the clock and by the CPU time of the one thread that works.
 * Arguments: seconds to measure (default 10). Prints one line a second.
 */
public final class GenerationBenchmark {
  private static final int GROUP_SIZE = 8;
  private static final int GROUPS = 32;

  private GenerationBenchmark() {}

  /** See the class. */
  public static void main(String[] arguments) {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    int seconds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 10;
    SamplingSettings sampling = SamplingSettings.atTemperature(1, 26);
    try (ShippedModel shipped = ShippedModel.load();
        GenerationEngine engine =
            new GenerationEngine(
                shipped.model(),
                shipped.answers(),
                new RolloutSettings(GROUP_SIZE, GROUPS, 64, 4096, 1),
                sampling.maxTokens(),
                shipped.version(0),
                "benchmark")) {
      List<EncodedPrompt> prompts =
          IntStream.range(0, 64).mapToObj(number -> shipped.prompt(number)).toList();
      int number = 0;
      for (int second = 0; second < seconds; second++) {
        long start = System.nanoTime();
        long startCpu = threads.getCurrentThreadCpuTime();
        long before = engine.numSampledTokens();
        int steps = 0;
        for (; System.nanoTime() - start < 1_000_000_000L; steps++) {
          while (engine.numFreeSlots() > 0) {
            engine.admit(
                shipped.lease(number, GROUP_SIZE, sampling), prompts.get(number % prompts.size()));
            number++;
          }
          engine.step();
        }
        double elapsed = (System.nanoTime() - start) / 1e9;
        double elapsedCpu = (threads.getCurrentThreadCpuTime() - startCpu) / 1e9;
        long tokens = engine.numSampledTokens() - before;
        System.out.printf(
            Locale.ROOT,
            "%7.0f tokens/s   %7.0f tokens per CPU second   %7.3f CPU ms/step%n",
            tokens / elapsed,
            tokens / elapsedCpu,
            1e3 * elapsedCpu / steps);
      }
    }
  }
}
