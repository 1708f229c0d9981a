package dev.sampo.fault;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.actors.journal.JdbcJournal;
import dev.sampo.tasks.rec.RecDataSettings;
import dev.sampo.tasks.rec.RecDataWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs whose folder lies on a disk that is too small for them, or that cannot be written. */
@Timeout(600)
@EnabledIfSystemProperty(
    named = "sampo.mounts",
    matches = "true",
    disabledReason = "it mounts small disks: mvn -Pfaults verify, as root")
class FullDiskRunTest {
  private static final int STEPS = 8;
  private static final int GROUPS_PER_STEP = 4;
  private static final Path MODEL =
      Path.of("../models/tiny-rec/shifted").toAbsolutePath().normalize();

  @TempDir private Path folder;

  @ParameterizedTest(name = "{0} MB")
  @ValueSource(ints = {1, 8, 12})
  void aRunOnAFullDiskEndsWithOneLineAndGoesOnWhenThereIsRoom(int megabytes) throws Exception {
    String file = configuration();
    Path undisturbed = folder.resolve("undisturbed");
    sampo(0, "train", file, "--set", folderIs(undisturbed));
    Path disk = Files.createDirectory(folder.resolve("disk"));
    mount("-t", "tmpfs", "-o", "size=" + megabytes + "m", "tmpfs", disk.toString());
    try {
      String said = sampo(1, "train", file, "--set", folderIs(disk.resolve("run")));

      assertOneLine(said, "No space left on device");
      Path recording = disk.resolve("run/rollouts");
      if (Files.exists(recording.resolve("manifest.json"))) {
        assertThat(sampo(0, "inspect", recording.toString(), "--verify")).contains("faults      0");
      }

      run("mount", "-o", "remount,size=200m", disk.toString());
      sampo(0, "train", file, "--set", folderIs(disk.resolve("run")));
      SameRun.require(disk.resolve("run"), undisturbed);
      LedgerRules.requireKept(disk.resolve("run"), "full-5", STEPS, GROUPS_PER_STEP);
    } finally {
      run("umount", disk.toString());
    }
  }

  @Test
  void aRunInAReadOnlyFolderCanBeLookedAtAndGoesOnWhenItCanBeWritten() throws Exception {
    Path disk = Files.createDirectory(folder.resolve("disk"));
    Path run = disk.resolve("run");
    String file = configuration();
    mount("-t", "tmpfs", "-o", "ro", "tmpfs", disk.toString());
    try {
      assertOneLine(sampo(1, "train", file, "--set", folderIs(run)), "Read-only file system");

      run("mount", "-o", "remount,rw,size=200m", disk.toString());
      new SampoProcess(
              run, folder.resolve("left.txt"), List.of("train", file, "--set", folderIs(run)))
          .killAfterSteps(2);
      run("mount", "-o", "remount,ro", disk.toString());
      assertOneLine(sampo(1, "train", file, "--set", folderIs(run)), "Read-only file system");
      assertThat(sampo(0, "inspect", run.toString())).contains("steps       ");

      run("mount", "-o", "remount,rw", disk.toString());
      sampo(0, "train", file, "--set", folderIs(run));
      LedgerRules.requireKept(run, "full-5", STEPS, GROUPS_PER_STEP);
    } finally {
      run("umount", disk.toString());
    }
  }

  @Test
  void aRunWaitsForRoomOnTheDiskOfItsLedger() throws Exception {
    Path disk = Files.createDirectory(folder.resolve("disk"));
    Path run = folder.resolve("run");
    String url = "jdbc:h2:file:" + disk.resolve("ledger");
    mount("-t", "tmpfs", "-o", "size=4m", "tmpfs", disk.toString());
    try {
      List<String> command =
          List.of(
              "train",
              configuration(),
              "--set",
              "ledger.url=\"" + url + "\"",
              "--set",
              "ledger.attempts=1000",
              "--set",
              "ledger.retry-after=20ms");
      SampoProcess process = new SampoProcess(run, folder.resolve("said.txt"), command);
      process.awaitSteps(2);
      Path ballast = disk.resolve("ballast");
      fill(ballast);
      process.awaitLog("trying again in");
      Files.delete(ballast);
      process.await();

      LedgerRules.requireKept(
          run,
          new JdbcJournal.Place(
              url, Optional.empty(), Optional.empty(), run.resolve("ledger/ledger.head"), "full-5"),
          8,
          4);
    } finally {
      run("umount", disk.toString());
    }
  }

  private static void fill(Path file) throws IOException {
    try (OutputStream out = Files.newOutputStream(file)) {
      while (true) {
        out.write(new byte[1024]);
      }
    } catch (IOException e) {
      assertThat(e).hasMessageContaining("No space left on device");
    }
  }

  private static void assertOneLine(String said, String reason) {
    assertThat(said.lines().filter(line -> line.startsWith("sampo: ")))
        .singleElement()
        .asString()
        .contains(reason);
    assertThat(said).doesNotContain("internal error");
  }

  private String configuration() throws IOException {
    RecDataWriter.write(
        folder.resolve("data"), RecDataSettings.forTraining(32, 4, 7), (done, total) -> {});
    return Files.writeString(
            folder.resolve("train.conf"),
            """
            sampo {
              run { name = full, folder = run, seed = 5, steps = %d }
              model.path = "%s"
              data { train = data/train.jsonl, image-folder = data }
              sampling.max-tokens = 40
              rollout { group-size = 4, max-groups-in-flight = 4, deterministic = true }
              learner { groups-per-step = %d, learning-rate = 2e-4, objective.kl.beta = 0 }
              staleness.max = 0
              checkpoint { every = 2, keep = 10 }
            }
            """
                .formatted(STEPS, MODEL, GROUPS_PER_STEP))
        .toString();
  }

  private static String folderIs(Path run) {
    return "run.folder=\"" + run + "\"";
  }

  private static void mount(String... arguments) throws Exception {
    String[] command = new String[arguments.length + 1];
    command[0] = "mount";
    System.arraycopy(arguments, 0, command, 1, arguments.length);
    run(command);
  }

  private static void run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).inheritIO().start();
    assertThat(process.waitFor()).as(String.join(" ", command)).isZero();
  }

  private String sampo(int code, String... command) throws Exception {
    Path said = Files.createTempFile(folder, "said", ".txt");
    return new SampoProcess(folder, said, List.of(command)).await(code);
  }
}
