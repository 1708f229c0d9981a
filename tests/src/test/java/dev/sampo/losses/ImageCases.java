package dev.sampo.losses;

import dev.sampo.vlm.image.ImageLimits;
import dev.sampo.vlm.image.PixelSize;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** Cases about images that are enlarged before the model's processor gets them. */
final class ImageCases {
  /** VLM-R1 has it as a constant. */
  private static final int MIN_SIDE = 28;

  private ImageCases() {}

  static void check(CaseLine line, Fields inputs, Fields expected, Comparison comparison) {
    var limits =
        new ImageLimits(OptionalLong.empty(), OptionalLong.empty(), OptionalInt.empty(), MIN_SIDE);
    List<int[]> sizes =
        inputs.wholeRowLists("per_sample_image_sizes").stream().flatMap(List::stream).toList();
    List<double[]> enlarged = new ArrayList<>();
    for (int[] size : sizes) {
      if (size.length != 2 || size[0] < 1 || size[1] < 1) {
        throw new UnsupportedCaseException("an image size that is not width and height");
      }
      PixelSize result = limits.enlarged(new PixelSize(size[0], size[1]));
      enlarged.add(new double[] {result.width(), result.height()});
    }
    double[][] wanted = expected.matrix(CaseLine.VALUE);
    refuseLeaks(sizes, enlarged, wanted);
    comparison.check("size", enlarged.toArray(double[][]::new), wanted);
  }

  /** In VLM-R1 the size of a small image stays for the larger ones after it. */
  private static void refuseLeaks(List<int[]> sizes, List<double[]> enlarged, double[][] wanted) {
    double[] last = {};
    for (int i = 0; i < Math.min(sizes.size(), wanted.length); i++) {
      boolean isSmall = Math.min(sizes.get(i)[0], sizes.get(i)[1]) < MIN_SIDE;
      if (isSmall) {
        last = enlarged.get(i);
      } else if (Arrays.equals(wanted[i], last)) {
        throw new UnsupportedCaseException(
            "missing option: images that take the size of a small one before them (a defect of"
                + " VLM-R1); model.images.min-side treats every image by itself");
      }
    }
  }
}
