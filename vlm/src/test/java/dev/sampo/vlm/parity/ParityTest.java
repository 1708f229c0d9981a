package dev.sampo.vlm.parity;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.vlm.Goldens;
import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** This project computes what reference implementations compute, on the recorded checkpoints. */
class ParityTest {
  static Stream<Arguments> recorded() {
    return Goldens.all()
        .flatMap(goldens ->
            Comparison.allFor(goldens).stream()
                .map(comparison ->
                    Arguments.argumentSet(
                        goldens + " " + comparison.getClass().getSimpleName(),
                        goldens,
                        comparison)));
  }

  @ParameterizedTest
  @MethodSource("recorded")
  void agreesWithTheReference(Goldens goldens, Comparison comparison) throws IOException {
    Report report = new Report();
    comparison.run(goldens, report);
    assertThat(report.misses()).isEmpty();
    assertThat(report.lines()).isNotEmpty();
  }
}
