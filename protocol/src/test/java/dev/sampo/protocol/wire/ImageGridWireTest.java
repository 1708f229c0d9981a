package dev.sampo.protocol.wire;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.ImageGrid;
import dev.sampo.protocol.RandomRecords;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class ImageGridWireTest {
  private final CompletionGroup group = new RandomRecords(7).scoredGroup().group();

  @Test
  void gridsComeBackWithTheFrameOfTheirBoxes() {
    List<ImageGrid> grids =
        List.of(
            new ImageGrid(1, 4, 6, OptionalInt.of(14)),
            new ImageGrid(1, 4, 6, OptionalInt.of(28)),
            new ImageGrid(3, 32, 32, OptionalInt.empty()));
    CompletionGroupWire.Builder wire = GroupWires.toWire(group).toBuilder().clearImageGrids();
    grids.forEach(grid -> wire.addImageGrids(GroupWires.toWire(grid)));

    assertThat(GroupWires.fromWire(wire.build()).imageGrids()).isEqualTo(grids);
  }

  /** Logs from before boxes had a frame: all patches had 14 pixels. */
  @Test
  void aGridWithoutAFrameHasPatchesOf14Pixels() {
    ImageGridWire old = ImageGridWire.newBuilder().setTemporal(1).setHeight(4).setWidth(6).build();
    CompletionGroupWire wire =
        GroupWires.toWire(group).toBuilder().clearImageGrids().addImageGrids(old).build();

    assertThat(GroupWires.fromWire(wire).imageGrids())
        .containsExactly(new ImageGrid(1, 4, 6, OptionalInt.of(14)));
  }
}
