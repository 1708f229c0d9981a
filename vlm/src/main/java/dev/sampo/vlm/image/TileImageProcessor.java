package dev.sampo.vlm.image;

import dev.sampo.vlm.ImagePatches;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Cuts pictures into tiles as {@code GotOcr2ImageProcessor} of Transformers 4.57.1 does, which
 * {@code InternVLProcessor} uses, and as {@code dynamic_preprocess} of OpenGVLab does: the picture
 * is stretched to the grid of tiles whose shape is closest to its own, whatever its resolution.
 *
 * <p>Resizing equals Pillow's. {@code GotOcr2ImageProcessorFast} resizes with torchvision instead:
 * against it 0.3 to 0.7 % of the 8-bit samples differ, by 1, seldom 2.
 *
 * <p>The result has one step in time per tile, the thumbnail last; the patches of a tile are in
 * reading order, their values ordered by channel, row, column.
 */
public final class TileImageProcessor implements ImageProcessor {
  private final TileSettings settings;
  private final List<TileGrid> grids;
  private final PatchCutter cutter;

  public TileImageProcessor(TileSettings settings) {
    this.settings = settings;
    this.grids = grids(settings.minTiles(), settings.maxTiles());
    this.cutter = new PatchCutter(settings.normalisation(), settings.patchSize(), 1);
  }

  /** How many tiles lie side by side and how many below each other. */
  record TileGrid(int columns, int rows) {
    int numTiles() {
      return columns * rows;
    }
  }

  @Override
  public ImagePatches process(RgbImage image) {
    TileGrid grid = grid(image.width(), image.height());
    int size = settings.tileSize();
    int side = settings.patchesPerSide();
    boolean thumbnail = settings.thumbnail() && grid.numTiles() > 1;
    int tiles = grid.numTiles() + (thumbnail ? 1 : 0);
    float[] values = new float[Math.multiplyExact(tiles * side * side, cutter.patchLength())];
    RgbImage stretched =
        Resampling.BICUBIC.resize(image, grid.columns() * size, grid.rows() * size);
    int out = 0;
    for (int tile = 0; tile < grid.numTiles(); tile++) {
      int top = tile / grid.columns() * size;
      int left = tile % grid.columns() * size;
      out = cutTile(stretched, top, left, values, out);
    }
    if (thumbnail) {
      cutTile(Resampling.BICUBIC.resize(image, size, size), 0, 0, values, out);
    }
    return new ImagePatches(values, tiles, side, side);
  }

  private int cutTile(RgbImage image, int top, int left, float[] values, int out) {
    int patch = settings.patchSize();
    int side = settings.patchesPerSide();
    for (int row = 0; row < side; row++) {
      for (int column = 0; column < side; column++) {
        out = cutter.cut(image, top + row * patch, left + column * patch, values, out);
      }
    }
    return out;
  }

  /**
   * Grid whose ratio of width to height is closest to the picture's. Of two that are equally close,
   * the later one if the picture has over half as many pixels as its tiles.
   */
  TileGrid grid(int width, int height) {
    double ratio = (double) width / height;
    double area = (double) width * height;
    double tileArea = (double) settings.tileSize() * settings.tileSize();
    double closest = Double.POSITIVE_INFINITY;
    TileGrid best = new TileGrid(1, 1);
    for (TileGrid grid : grids) {
      double distance = Math.abs(ratio - (double) grid.columns() / grid.rows());
      if (distance < closest || (distance == closest && area > 0.5 * tileArea * grid.numTiles())) {
        closest = distance;
        best = grid;
      }
    }
    return best;
  }

  /**
   * All grids in the order of Transformers: by number of tiles, then by columns. OpenGVLab's order
   * among grids of one number is that of a Python set, which changes no choice as long as the
   * fewest tiles are 1, as in every release.
   */
  private static List<TileGrid> grids(int fewest, int most) {
    return IntStream.rangeClosed(1, most)
        .boxed()
        .flatMap(columns ->
            IntStream.rangeClosed(1, most / columns).mapToObj(rows -> new TileGrid(columns, rows)))
        .filter(grid -> grid.numTiles() >= fewest)
        .sorted(Comparator.comparingInt(TileGrid::numTiles))
        .toList();
  }
}
