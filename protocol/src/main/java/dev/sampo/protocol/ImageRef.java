package dev.sampo.protocol;

import java.util.regex.Pattern;

/**
 * An image by content. The bytes travel at most once per node, by their hash; messages carry only
 * this.
 *
 * @param sha256 SHA-256 of the encoded bytes, lower-case hex
 * @param width pixels
 * @param height pixels
 * @param numBytes size of the encoded file
 */
public record ImageRef(String sha256, int width, int height, long numBytes) {
  private static final Pattern HEX = Pattern.compile("[0-9a-f]{64}");

  public ImageRef {
    if (!HEX.matcher(sha256).matches()) {
      throw new IllegalArgumentException("not a lower-case hex SHA-256: " + sha256);
    }
    if (width < 1 || height < 1) {
      throw new IllegalArgumentException("an image has pixels, got " + width + "x" + height);
    }
  }
}
