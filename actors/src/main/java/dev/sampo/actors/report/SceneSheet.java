package dev.sampo.actors.report;

import dev.sampo.actors.evaluation.Answered;
import dev.sampo.actors.evaluation.Comparison;
import dev.sampo.actors.evaluation.Comparison.BeforeAfter;
import dev.sampo.tasks.rec.Box;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.Stroke;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import javax.imageio.ImageIO;

/**
 * {@code scenes.png}: questions with the box that was asked for and the policy's greedy box before
 * and after training, one row for every split. The questions are the first ones of the split, not
 * chosen.
 */
final class SceneSheet {
  private static final int PICTURE = 210;
  private static final int GAP = 10;
  private static final int CAPTION = 40;
  private static final int PAIR_GAP = 34;
  private static final int LABEL = 150;
  private static final int HEADER = 96;
  private static final int MARGIN = 28;
  private static final int QUESTIONS = 3;
  private static final Stroke TRUE_STROKE =
      new BasicStroke(
          2.6f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_MITER, 10, new float[] {7, 5}, 0);
  private static final Stroke PREDICTED_STROKE = new BasicStroke(3f);

  private final Function<String, Optional<byte[]>> images;

  private SceneSheet(Function<String, Optional<byte[]>> images) {
    this.images = images;
  }

  /**
   * Draws the sheet.
   *
   * @param images encoded image by SHA-256
   */
  static BufferedImage draw(Comparison comparison, Function<String, Optional<byte[]>> images) {
    return new SceneSheet(images).sheet(comparison);
  }

  private BufferedImage sheet(Comparison comparison) {
    int pair = 2 * PICTURE + GAP;
    int row = PICTURE + CAPTION + GAP;
    int width = 2 * MARGIN + LABEL + QUESTIONS * pair + (QUESTIONS - 1) * PAIR_GAP;
    int height = MARGIN + HEADER + comparison.splits().size() * row;
    BufferedImage sheet = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    Graphics2D canvas = sheet.createGraphics();
    try {
      canvas.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
      canvas.setRenderingHint(
          RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
      canvas.setColor(Palette.PAPER);
      canvas.fillRect(0, 0, width, height);
      header(canvas);
      int y = MARGIN + HEADER;
      for (var split : comparison.splits().entrySet()) {
        row(canvas, split.getKey(), split.getValue(), y);
        y += row;
      }
    } finally {
      canvas.dispose();
    }
    return sheet;
  }

  private static void header(Graphics2D canvas) {
    canvas.setColor(Palette.INK);
    canvas.setFont(Palette.bold(24));
    canvas.drawString("The same questions before and after training", MARGIN, MARGIN + 22);
    int y = MARGIN + 52;
    key(canvas, MARGIN, y, Color.WHITE, TRUE_STROKE, "asked for");
    key(canvas, MARGIN + 150, y, Palette.ORANGE, PREDICTED_STROKE, "answered before");
    key(canvas, MARGIN + 350, y, Palette.GREEN, PREDICTED_STROKE, "answered after");
  }

  private static void key(
      Graphics2D canvas, int x, int y, Color color, Stroke stroke, String text) {
    canvas.setColor(new Color(0x7a7468));
    canvas.fillRect(x, y - 14, 34, 20);
    canvas.setColor(color);
    canvas.setStroke(stroke);
    canvas.draw(new Rectangle2D.Double(x + 5, y - 10, 24, 12));
    canvas.setColor(Palette.INK);
    canvas.setFont(Palette.plain(15));
    canvas.drawString(text, x + 42, y + 2);
  }

  private void row(Graphics2D canvas, String name, BeforeAfter both, int y) {
    canvas.setColor(Palette.INK);
    canvas.setFont(Palette.bold(17));
    canvas.drawString(name, MARGIN, y + 22);
    canvas.setColor(Palette.FAINT_INK);
    canvas.setFont(Palette.plain(13));
    canvas.drawString("mean greedy IoU", MARGIN, y + 46);
    canvas.drawString(
        String.format(
            Locale.ROOT,
            "%.2f to %.2f",
            both.before().greedy().iou().mean(),
            both.after().greedy().iou().mean()),
        MARGIN,
        y + 64);
    int shown = Math.min(QUESTIONS, both.before().answers().size());
    for (int i = 0; i < shown; i++) {
      int x = MARGIN + LABEL + i * (2 * PICTURE + GAP + PAIR_GAP);
      Answered before = both.before().answers().get(i);
      Answered after = both.after().answers().get(i);
      picture(canvas, x, y, before, Palette.ORANGE);
      picture(canvas, x + PICTURE + GAP, y, after, Palette.GREEN);
      caption(canvas, x, y + PICTURE + 17, Captions.of(before.prompt()), 2 * PICTURE + GAP);
    }
  }

  private void picture(Graphics2D canvas, int x, int y, Answered answered, Color color) {
    Optional<BufferedImage> image = read(answered);
    if (image.isEmpty()) {
      return;
    }
    canvas.setRenderingHint(
        RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_NEAREST_NEIGHBOR);
    int longest = Math.max(image.get().getWidth(), image.get().getHeight());
    double scale = (double) PICTURE / longest;
    int width = (int) Math.round(image.get().getWidth() * scale);
    int height = (int) Math.round(image.get().getHeight() * scale);
    Graphics2D area = (Graphics2D) canvas.create(x, y, PICTURE, PICTURE);
    area.drawImage(image.get(), 0, 0, width, height, null);
    box(area, answered.truth(), scale, Color.WHITE, TRUE_STROKE);
    answered.predicted().ifPresent(box -> box(area, box, scale, color, PREDICTED_STROKE));
    badge(area, width, height, answered);
    area.dispose();
  }

  private static void box(Graphics2D area, Box box, double scale, Color color, Stroke stroke) {
    area.setColor(color);
    area.setStroke(stroke);
    double left = Math.min(box.x1(), box.x2());
    double top = Math.min(box.y1(), box.y2());
    area.draw(
        new Rectangle2D.Double(
            left * scale,
            top * scale,
            Math.abs(box.x2() - box.x1()) * scale,
            Math.abs(box.y2() - box.y1()) * scale));
  }

  /** The overlap in the corner of the picture, or that the answer holds no box. */
  private static void badge(Graphics2D area, int width, int height, Answered answered) {
    String text =
        answered.predicted().isEmpty()
            ? "no box"
            : String.format(Locale.ROOT, "IoU %.2f", answered.iou());
    area.setFont(Palette.bold(12));
    int textWidth = area.getFontMetrics().stringWidth(text);
    area.setColor(new Color(0, 0, 0, 170));
    area.fillRect(width - textWidth - 12, height - 20, textWidth + 12, 20);
    area.setColor(Color.WHITE);
    area.drawString(text, width - textWidth - 6, height - 6);
  }

  private static void caption(Graphics2D canvas, int x, int y, String text, int width) {
    canvas.setColor(Palette.INK);
    canvas.setFont(Palette.plain(14));
    canvas.drawString(fit(canvas.getFontMetrics(), text, width), x, y);
  }

  /** The text, cut with an ellipsis where it is wider than there is room. */
  private static String fit(FontMetrics metrics, String text, int width) {
    if (metrics.stringWidth(text) <= width) {
      return text;
    }
    int end = text.length();
    while (end > 0 && metrics.stringWidth(text.substring(0, end) + "…") > width) {
      end--;
    }
    return text.substring(0, end) + "…";
  }

  private Optional<BufferedImage> read(Answered answered) {
    return images.apply(answered.prompt().images().getFirst().sha256()).map(SceneSheet::decode);
  }

  private static BufferedImage decode(byte[] encoded) {
    try {
      return ImageIO.read(new ByteArrayInputStream(encoded));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
