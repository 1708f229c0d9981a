package dev.sampo.learner.checkpoint;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sampo.learner.LearnerException;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.vlm.weights.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * {@code trainer_state.json} of a checkpoint. Written last, it names every other file.
 *
 * @param state where the run was
 * @param sums all other files of the checkpoint
 */
record StateFile(TrainerState state, FileSums sums) {
  static final String NAME = "trainer_state.json";
  private static final int FORMAT = 2;
  private static final ObjectMapper JSON = new ObjectMapper();

  void write(Path checkpoint) throws IOException {
    PolicyVersion version = state.version();
    ObjectNode node = JSON.createObjectNode();
    node.put("format", FORMAT);
    node.put("run", version.runId());
    node.put("term", version.term());
    node.put("step", version.step());
    node.put("weights_sha256", version.weightsHash());
    node.put("total_steps", state.totalSteps());
    node.put("seed", state.seed());
    state.settings().forEach(node.putObject("settings")::put);
    state.progress().forEach(node.putObject("progress")::put);
    ObjectNode files = node.putObject("files");
    sums.files()
        .forEach((name, sum) ->
            files.putObject(name).put("bytes", sum.bytes()).put("crc32c", sum.crc32c()));
    String text = JSON.writerWithDefaultPrettyPrinter().writeValueAsString(node) + "\n";
    AtomicFile.write(checkpoint.resolve(NAME), text.getBytes(UTF_8));
  }

  /**
   * Reads the state of a checkpoint.
   *
   * @throws LearnerException if there is none, it is of another format, or it cannot be read
   */
  static StateFile read(Path checkpoint) {
    Path file = checkpoint.resolve(NAME);
    if (!Files.isRegularFile(file)) {
      throw new LearnerException("cannot resume from " + checkpoint + ": it has no " + NAME);
    }
    try {
      JsonNode node = JSON.readTree(file.toFile());
      JsonNode format = node.path("format");
      if (format.asInt() != FORMAT) {
        throw new LearnerException(
            "%s has %s, this program reads %d"
                .formatted(
                    file, format.isMissingNode() ? "no format" : "format " + format, FORMAT));
      }
      return new StateFile(state(node), new FileSums(sums(node.path("files"))));
    } catch (IOException | IllegalArgumentException e) {
      String reason = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
      throw new LearnerException("cannot read " + file + ": " + reason, e);
    }
  }

  private static TrainerState state(JsonNode node) {
    PolicyVersion version =
        new PolicyVersion(
            node.path("run").asText(),
            node.path("term").asInt(),
            node.path("step").asLong(),
            node.path("weights_sha256").asText());
    return new TrainerState(
        version,
        node.path("total_steps").asLong(),
        node.path("seed").asLong(),
        texts(node.path("settings")),
        texts(node.path("progress")));
  }

  private static Map<String, String> texts(JsonNode node) {
    Map<String, String> texts = new TreeMap<>();
    node.properties().forEach(entry -> texts.put(entry.getKey(), entry.getValue().asText()));
    return texts;
  }

  private static SortedMap<String, FileSums.Sum> sums(JsonNode node) {
    SortedMap<String, FileSums.Sum> sums = new TreeMap<>();
    for (Map.Entry<String, JsonNode> entry : node.properties()) {
      JsonNode sum = entry.getValue();
      sums.put(
          entry.getKey(),
          new FileSums.Sum(sum.path("bytes").asLong(), sum.path("crc32c").asLong()));
    }
    return sums;
  }
}
