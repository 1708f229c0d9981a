package dev.sampo.vlm.internvl;

import dev.sampo.vlm.BoxFrame;
import dev.sampo.vlm.decoder.DecoderSettings;
import dev.sampo.vlm.decoder.DecoderTable;
import dev.sampo.vlm.family.Architecture;
import dev.sampo.vlm.family.ConfigReader;
import dev.sampo.vlm.weights.WeightLayout;

/**
 * The network that both layouts describe. Parameters have the names of the native layout.
 *
 * @param decoder shape of the decoder
 * @param tower shape of the vision tower
 * @param projector between the two
 */
record InternVlNetwork(
    DecoderSettings decoder, TileTowerSettings tower, ProjectorSettings projector) {
  private static final String DECODER = "language_model.";

  /**
   * Reads the projector that leads from a tower to a decoder.
   *
   * @param layerKey what the layout calls the layer whose output becomes features
   * @param transposed as in {@link ProjectorSettings}
   */
  static InternVlNetwork of(
      ConfigReader config,
      DecoderSettings decoder,
      TileTowerSettings tower,
      String layerKey,
      boolean transposed) {
    int layer = config.integer(layerKey, -1);
    int blocks = config.checked(() -> ProjectorSettings.blocks(layerKey, layer, tower.depth()));
    return new InternVlNetwork(
        decoder,
        tower,
        new ProjectorSettings(
            blocks, layer == -1, merge(config), transposed, decoder.hiddenSize()));
  }

  Architecture architecture(ConfigReader config, int imageToken, WeightLayout layout) {
    return config.checked(() ->
        new Architecture(
            config.text("model_type", ""),
            decoder,
            DecoderTable.of(decoder, DECODER + "model.", DECODER + "lm_head"),
            TileTowerTable.of(tower, projector),
            weights -> new TileTower(tower, projector, weights),
            TileTowerTable.TOWER,
            new BoxFrame.OriginalImage(),
            imageToken,
            layout));
  }

  /**
   * Patches per side of the square that becomes one feature, by {@code downsample_ratio}.
   *
   * @throws dev.sampo.vlm.ModelException if it is not the inverse of an integer
   */
  static int merge(ConfigReader config) {
    double ratio = config.number("downsample_ratio", 0.5);
    int merge = (int) Math.rint(1 / ratio);
    if (merge < 1 || merge * ratio != 1) {
      throw config.invalid(
          "downsample_ratio", "1, 0.5 or 0.25", config.node().path("downsample_ratio"));
    }
    return merge;
  }
}
