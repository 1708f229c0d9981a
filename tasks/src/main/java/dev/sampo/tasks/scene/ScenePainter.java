package dev.sampo.tasks.scene;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Paints scenes. Every pixel follows from {@link Shape#covers}; no graphics library is asked. */
public final class ScenePainter {
  private static final int BACKGROUND_RED = 122;
  private static final int BACKGROUND_GREEN = 116;
  private static final int BACKGROUND_BLUE = 104;

  private ScenePainter() {}

  /** The picture as 8-bit RGB. */
  public static BufferedImage paint(Scene scene) {
    int side = scene.side();
    int[] pixels = new int[side * side]; // 0xRRGGBB, row by row
    Arrays.fill(
        pixels,
        (BACKGROUND_RED + scene.grey()) << 16
            | (BACKGROUND_GREEN + scene.grey()) << 8
            | (BACKGROUND_BLUE + scene.grey()));
    for (SceneObject object : scene.objects()) {
      paint(pixels, side, object);
    }
    BufferedImage image = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
    image.getRaster().setDataElements(0, 0, side, side, pixels);
    return image;
  }

  /** The picture as an encoded PNG. */
  public static byte[] png(Scene scene) {
    ImageWriter writer = ImageIO.getImageWritersByFormatName("png").next();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
      writer.setOutput(out);
      writer.write(paint(scene));
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory does not fail", e);
    } finally {
      writer.dispose();
    }
    return bytes.toByteArray();
  }

  private static void paint(int[] pixels, int imageSide, SceneObject object) {
    for (int row = 0; row < object.side(); row++) {
      for (int column = 0; column < object.side(); column++) {
        if (object.look().shape().covers(column, row, object.side())) {
          pixels[(object.y() + row) * imageSide + object.x() + column] =
              object.look().colour().rgb();
        }
      }
    }
  }
}
