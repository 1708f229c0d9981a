package dev.sampo.actors.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sampo.actors.journal.RunLedger;
import dev.sampo.config.LedgerSettings;
import dev.sampo.config.RunConfigReader;
import dev.sampo.protocol.ledger.LedgerEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may work in a folder: nobody's files are overwritten, no run goes on as another one. */
final class RunClaimTest {
  @TempDir private Path temporary;
  private Path path = Path.of("");

  @BeforeEach
  void name() {
    path = temporary.resolve("run");
  }

  private RunClaim take(String command, Map<String, String> settings) {
    return RunClaim.take(path, command, new TreeMap<>(settings));
  }

  /** Leaves a run after a step. */
  private void leave(String command, Map<String, String> settings) throws IOException {
    try (RunClaim claim = take(command, settings)) {
      Files.writeString(claim.folder().metrics(), "{\"step\":1}\n");
    }
  }

  @Test
  void theSameCommandWithTheSameSettingsGoesOn() throws IOException {
    leave("sft", Map.of("seed", "1"));

    try (RunClaim claim = take("sft", Map.of("seed", "1"))) {
      assertThat(claim.isResumed()).isTrue();
      assertThat(claim.isUnknown()).isFalse();
      assertThat(claim.remarks()).isEmpty();
    }
  }

  @Test
  void anotherCommandNeedsAFolderOfItsOwn() throws IOException {
    leave("sft", Map.of("seed", "1"));

    assertThatThrownBy(() -> take("replay", Map.of("seed", "1")))
        .isInstanceOf(OccupiedFolderException.class)
        .hasMessage(path + " holds a run of 'sampo sft'; this one needs a folder of its own");
  }

  @Test
  void otherSettingsAreNamedAndLeaveTheRunAsItWas() throws IOException {
    leave("sft", Map.of("seed", "1", "model.path", "m"));

    assertThatThrownBy(() -> take("sft", Map.of("seed", "2", "model.path", "m")))
        .isInstanceOf(OccupiedFolderException.class)
        .hasMessage(
            path
                + " holds a run with other settings: seed was 1 and is 2;"
                + " repeat it as it was, or name another folder");
    try (RunClaim claim = take("sft", Map.of("seed", "1", "model.path", "m"))) {
      assertThat(claim.isResumed()).isTrue();
    }
  }

  @Test
  void threadsMayChangeAndAreRemarked() throws IOException {
    leave("sft", Map.of("sft.threads", "1"));

    try (RunClaim claim = take("sft", Map.of("sft.threads", "2"))) {
      assertThat(claim.isResumed()).isTrue();
      assertThat(claim.remarks()).containsExactly("sft.threads was 1 and is 2");
    }
  }

  @Test
  void aRunThatTookNoStepMayBecomeAnotherOne() {
    take("sft", Map.of("seed", "1")).close();

    try (RunClaim claim = take("replay", Map.of("seed", "2"))) {
      assertThat(claim.isResumed()).isFalse();
    }
  }

  /** As an interruption leaves it while the model is loaded. */
  @Test
  void aRunWithALedgerOfNothingMayBecomeAnotherOne() throws IOException {
    try (RunClaim claim = take("train", Map.of("seed", "1"))) {
      openLedger(claim).close();
    }

    try (RunClaim claim = take("train", Map.of("seed", "2"))) {
      assertThat(claim.isResumed()).isFalse();
      try (RunLedger ledger = openLedger(claim)) {
        ledger.journal().append(List.of(new LedgerEvent.RunOpened("run", 2, "settings")));
      }
    }

    assertThatThrownBy(() -> take("train", Map.of("seed", "3")))
        .isInstanceOf(OccupiedFolderException.class)
        .hasMessageContaining("seed was 2 and is 3");
  }

  private static RunLedger openLedger(RunClaim claim) {
    LedgerSettings settings = RunConfigReader.read(Optional.empty(), List.of()).settings().ledger();
    return RunLedger.open(
        settings, claim.folder().ledger(), "run", OptionalLong::empty, line -> {});
  }

  @Test
  void oneProcessAtATime() throws IOException {
    leave("sft", Map.of());

    try (RunClaim _ = take("sft", Map.of())) {
      assertThatThrownBy(() -> take("sft", Map.of()))
          .isInstanceOf(OccupiedFolderException.class)
          .hasMessage(path + " is in use by another process");
    }
    take("sft", Map.of()).close();
  }

  @Test
  void whatIsNoRunIsRefusedAndLeftAsItIs() throws IOException {
    Files.createDirectory(path);
    Files.writeString(path.resolve("precious.txt"), "mine");

    assertThatThrownBy(() -> take("sft", Map.of()))
        .isInstanceOf(OccupiedFolderException.class)
        .hasMessageContaining(path + " holds files already");
    assertThat(path.toFile().list()).containsExactly("precious.txt");
  }

  @Test
  void aFileIsNoFolder() throws IOException {
    Files.writeString(path, "mine");

    assertThatThrownBy(() -> take("sft", Map.of())).isInstanceOf(OccupiedFolderException.class);
    assertThat(path).hasContent("mine");
  }

  /** A process that died at once has left its lock, perhaps half of what it claimed. */
  @Test
  void whatADeadProcessLeftBeforeItsClaimDoesNotCount() throws IOException {
    Files.createDirectory(path);
    Files.writeString(path.resolve("run.lock"), "");
    Files.writeString(path.resolve("run.json.partial"), "{\"comm");

    try (RunClaim claim = take("sft", Map.of())) {
      assertThat(claim.isResumed()).isFalse();
      assertThat(path.toFile().list()).containsExactlyInAnyOrder("run.lock", "run.json");
    }
  }

  @Test
  void ofARunThatBeganNothingNothingStays() throws IOException {
    try (RunClaim claim = take("sft", Map.of())) {
      Files.writeString(claim.folder().log(), "refused");
    }
    assertThat(path).doesNotExist();

    Files.createDirectory(path);
    take("sft", Map.of()).close();
    assertThat(path).as("it was there before").isEmptyDirectory();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{\"command\" : \"sf", "[1, 2]"})
  void aDamagedClaimLeavesItToTheCheckpointsWhatRunItIs(String content) throws IOException {
    leave("sft", Map.of("seed", "1"));
    Files.writeString(path.resolve("run.json"), content);

    requireOneThatCheckpointsHaveToName();
  }

  @Test
  void aLostClaimIsLikeADamagedOne() throws IOException {
    leave("sft", Map.of("seed", "1"));
    Files.delete(path.resolve("run.json"));

    requireOneThatCheckpointsHaveToName();
  }

  private void requireOneThatCheckpointsHaveToName() {
    try (RunClaim claim = take("sft", Map.of("seed", "1"))) {
      assertThat(claim.isResumed()).isTrue();
      assertThat(claim.isUnknown()).isTrue();
      claim.confirm();
    }

    try (RunClaim claim = take("sft", Map.of("seed", "1"))) {
      assertThat(claim.isUnknown()).isFalse();
    }
  }
}
