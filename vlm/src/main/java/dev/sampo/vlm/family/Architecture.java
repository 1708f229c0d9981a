package dev.sampo.vlm.family;

import dev.sampo.vlm.BoxFrame;
import dev.sampo.vlm.decoder.DecoderSettings;
import dev.sampo.vlm.lora.LinearModule;
import dev.sampo.vlm.ops.NetworkWeights;
import dev.sampo.vlm.weights.Parameter;
import dev.sampo.vlm.weights.ParameterTable;
import dev.sampo.vlm.weights.WeightLayout;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * The network that a {@code config.json} describes.
 *
 * @param modelType {@code model_type}
 * @param decoder shape of the decoder
 * @param decoderTable its parameters, in the order of {@link dev.sampo.vlm.ops.DecoderOps}
 * @param visionTable parameters of vision tower and projector, in the order that {@code vision}
 *     takes them
 * @param vision makes the encoder from its weights
 * @param visionPrefix how names of parameters begin that Transformers counts among the vision
 *     tower; for some families these are the projector's too
 * @param boxFrame in whose pixels the model writes boxes
 * @param imageTokenId the token that stands for one image feature
 * @param layout how the folder's files keep the parameters
 */
public record Architecture(
    String modelType,
    DecoderSettings decoder,
    ParameterTable decoderTable,
    ParameterTable visionTable,
    Function<NetworkWeights, VisionEncoder> vision,
    String visionPrefix,
    BoxFrame boxFrame,
    int imageTokenId,
    WeightLayout layout) {
  public Architecture {
    if (imageTokenId < 0 || imageTokenId >= decoder.vocabularySize()) {
      throw new IllegalArgumentException(
          "image_token_id must be in [0, %d), got %d"
              .formatted(decoder.vocabularySize(), imageTokenId));
    }
  }

  /** All parameters by name; one that fills two slots is there once. */
  public SortedMap<String, Parameter> parameters() {
    var byName = new TreeMap<String, Parameter>();
    tables()
        .flatMap(ParameterTable::parameters)
        .forEach(parameter -> byName.put(parameter.name(), parameter));
    return Collections.unmodifiableSortedMap(byName);
  }

  /** Linear layers, any of which adapters may change; those of the vision encoder first. */
  public List<LinearModule> linears() {
    return tables().flatMap(this::linears).toList();
  }

  private Stream<ParameterTable> tables() {
    return Stream.of(visionTable, decoderTable);
  }

  private Stream<LinearModule> linears(ParameterTable table) {
    return table.linears().entrySet().stream()
        .map(entry -> {
          String module = entry.getValue();
          Parameter matrix = table.slots().get(entry.getKey()).orElseThrow();
          return new LinearModule(
              layout.modulePath(module),
              module,
              matrix.name(),
              matrix.part(),
              matrix.shape().getFirst(),
              matrix.shape().getLast(),
              module.startsWith(visionPrefix),
              layout.packedLayout(module));
        });
  }
}
