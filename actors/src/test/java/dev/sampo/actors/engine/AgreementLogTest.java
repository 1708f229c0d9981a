package dev.sampo.actors.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sampo.actors.RunFailedException;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.rollout.Agreement;
import org.junit.jupiter.api.Test;

class AgreementLogTest {
  private final AgreementLog log = new AgreementLog(1e-3);

  @Test
  void aMeasurementIsReportedOnce() {
    log.add(version(), agreement(1e-6));

    assertThat(log.take()).containsEntry("mismatch/k3", 1e-6);
    assertThat(log.take()).isEmpty();
  }

  @Test
  void disagreementBeyondTheBoundIsRefused() {
    assertThatThrownBy(() -> log.add(version(), agreement(2e-3)))
        .isInstanceOf(RunFailedException.class)
        .hasMessageContaining("step 4");
  }

  @Test
  void weightsWithoutLogProbsAreLeftToTheLearner() {
    log.add(version(), agreement(Double.NaN));

    assertThat(log.take()).isEmpty();
  }

  private static PolicyVersion version() {
    return new PolicyVersion("run", 1, 4, "0".repeat(64));
  }

  private static Agreement agreement(double k3) {
    return new Agreement(k3, Math.sqrt(2 * k3), 12);
  }
}
