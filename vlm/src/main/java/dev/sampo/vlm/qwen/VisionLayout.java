package dev.sampo.vlm.qwen;

import dev.sampo.vlm.ImagePatches;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.LongStream;

/**
 * The order in which patches pass the vision tower, so that attention runs over neighbours.
 *
 * <p>The processor lists the merge units of an image row by row. Most blocks attend inside square
 * windows of units; windows at the right and lower edge are smaller. Here the units of a window
 * come together and windows of one size come together, each size one batch without padding:
 *
 * <pre>
 *   reading order   0 1 2 | 3        window order   0 1 4 5 | ...     (full windows)
 *                   4 5 6 | 7                        2 6 | 3 7 | ...   (edge windows)
 * </pre>
 *
 * The order of windows does not change the result, only which products are batched.
 *
 * @param unitAt reading-order place of each merge unit, all images end to end // [U]
 * @param cells row and column of each patch in its image, in window order // [I, 2]
 * @param imageAt place of each patch when frames of one size are neighbours; empty if window order
 *     serves blocks that see whole frames too // [I] or [0]
 * @param windows (count, patches) of each window size // [., 2]
 * @param frames (count, patches) of each frame size // [., 2]
 */
@SuppressWarnings("ArrayRecordComponent") // made here, read once
record VisionLayout(long[] unitAt, long[] cells, long[] imageAt, long[] windows, long[] frames) {

  /** Units that attend to each other. */
  private record Segment(List<Unit> units) {
    private int size() {
      return units.size();
    }
  }

  private record Unit(int place, int row, int column) {}

  static VisionLayout of(List<ImagePatches> images, QwenVisionSettings vision) {
    var windows = new ArrayList<Segment>();
    var frames = new ArrayList<Segment>();
    int start = 0;
    for (ImagePatches image : images) {
      int rows = image.height() / vision.mergeSize();
      int columns = image.width() / vision.mergeSize();
      for (int frame = 0; frame < image.temporal(); frame++) {
        frames.add(rectangle(start, columns, 0, rows, 0, columns));
        addWindows(windows, start, rows, columns, vision.unitsPerWindow());
        start += rows * columns;
      }
    }
    windows.sort(Comparator.comparingInt(Segment::size));
    frames.sort(Comparator.comparingInt(Segment::size));
    return new VisionLayout(
        windows.stream().flatMap(w -> w.units.stream()).mapToLong(Unit::place).toArray(),
        cells(windows, vision.mergeSize()),
        framePlaces(windows, frames, start, vision.patchesPerUnit()),
        sizes(windows, vision.patchesPerUnit()),
        sizes(frames, vision.patchesPerUnit()));
  }

  private static void addWindows(
      List<Segment> windows, int start, int rows, int columns, int side) {
    for (int row = 0; row < rows; row += side) {
      for (int column = 0; column < columns; column += side) {
        int lastRow = Math.min(rows, row + side);
        int lastColumn = Math.min(columns, column + side);
        windows.add(rectangle(start, columns, row, lastRow, column, lastColumn));
      }
    }
  }

  private static Segment rectangle(
      int start, int columns, int fromRow, int toRow, int fromColumn, int toColumn) {
    var units = new ArrayList<Unit>();
    for (int row = fromRow; row < toRow; row++) {
      for (int column = fromColumn; column < toColumn; column++) {
        units.add(new Unit(start + row * columns + column, row, column));
      }
    }
    return new Segment(units);
  }

  private static long[] cells(List<Segment> windows, int side) {
    return windows.stream()
        .flatMap(window -> window.units.stream())
        .flatMapToLong(unit -> {
          var cells = LongStream.builder();
          for (int row = 0; row < side; row++) {
            for (int column = 0; column < side; column++) {
              cells.add((long) unit.row * side + row).add((long) unit.column * side + column);
            }
          }
          return cells.build();
        })
        .toArray();
  }

  private static long[] framePlaces(
      List<Segment> windows, List<Segment> frames, int numUnits, int patchesPerUnit) {
    if (frames.size() == 1) {
      return new long[0];
    }
    var placeOfUnit = new int[numUnits];
    int place = 0;
    for (Segment frame : frames) {
      for (Unit unit : frame.units) {
        placeOfUnit[unit.place] = place++;
      }
    }
    var places = new long[numUnits * patchesPerUnit];
    boolean inOrder = true;
    int at = 0;
    for (Segment window : windows) {
      for (Unit unit : window.units) {
        for (int patch = 0; patch < patchesPerUnit; patch++) {
          places[at] = (long) placeOfUnit[unit.place] * patchesPerUnit + patch;
          inOrder &= places[at] == at;
          at++;
        }
      }
    }
    return inOrder ? new long[0] : places;
  }

  /** (count, patches) of each run of segments of one size. */
  private static long[] sizes(List<Segment> segments, int patchesPerUnit) {
    var sizes = new ArrayList<Long>();
    int from = 0;
    for (int to = 1; to <= segments.size(); to++) {
      if (to == segments.size() || segments.get(to).size() != segments.get(from).size()) {
        sizes.add((long) (to - from));
        sizes.add((long) segments.get(from).size() * patchesPerUnit);
        from = to;
      }
    }
    return sizes.stream().mapToLong(Long::longValue).toArray();
  }
}
