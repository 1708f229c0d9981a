package dev.sampo.vlm.internvl;

/**
 * What happens between the blocks of the vision tower and the decoder.
 *
 * @param blocks how many blocks run before the patch vectors are taken
 * @param normed whether the tower's final norm, if it has one, is applied to them
 * @param merge patches per side of the square that becomes one feature
 * @param transposed whether features lie in rows of the tile ({@code ps_version} v2) or in columns
 *     (v1)
 * @param width of a feature, the decoder's
 */
record ProjectorSettings(int blocks, boolean normed, int merge, boolean transposed, int width) {

  /**
   * The stretch of the tower that a feature layer asks for.
   *
   * @param key of the setting
   * @param layer index into the input of the first block followed by the outputs of all blocks; a
   *     negative one counts from the end
   * @param depth blocks of the tower
   * @throws IllegalArgumentException if there is no such layer
   */
  static int blocks(String key, int layer, int depth) {
    int blocks = layer < 0 ? depth + 1 + layer : layer;
    if (blocks < 0 || blocks > depth) {
      throw new IllegalArgumentException(
          "%s must be in [%d, %d], got %d".formatted(key, -depth - 1, depth, layer));
    }
    return blocks;
  }
}
