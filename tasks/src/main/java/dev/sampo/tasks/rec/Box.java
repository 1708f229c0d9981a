package dev.sampo.tasks.rec;

/**
 * A box in pixels, from corner (x1, y1) to corner (x2, y2). The numbers are taken as they come: a
 * policy may well write corners that are swapped.
 */
public record Box(double x1, double y1, double x2, double y2) {

  /**
   * Intersection over union as VLM-R1 measures it, in training and in evaluation. An overlap of at
   * most one pixel in either direction counts as none; otherwise it is the ordinary ratio of areas.
   *
   * @return a number in [0, 1]; 0 also when there is no area at all or the ratio is no number
   */
  public double iou(Box other) {
    double left = Math.max(x1, other.x1);
    double top = Math.max(y1, other.y1);
    double right = Math.min(x2, other.x2) - 1; // the last pixel inside
    double bottom = Math.min(y2, other.y2) - 1;
    if (!(left < right && top < bottom)) {
      return 0;
    }
    double intersection = (right - left + 1) * (bottom - top + 1);
    double iou = intersection / (area() + other.area() - intersection);
    return Double.isFinite(iou) ? iou : 0;
  }

  /** This box in a picture that is scaled: divided by the first size, multiplied by the second. */
  public Box rescaled(double fromWidth, double fromHeight, double toWidth, double toHeight) {
    return new Box(
        x1 / fromWidth * toWidth,
        y1 / fromHeight * toHeight,
        x2 / fromWidth * toWidth,
        y2 / fromHeight * toHeight);
  }

  private double area() {
    return (x2 - x1) * (y2 - y1);
  }
}
