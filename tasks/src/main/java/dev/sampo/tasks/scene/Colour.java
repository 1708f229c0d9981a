package dev.sampo.tasks.scene;

import java.util.Locale;

/** The flat colours of objects. */
public enum Colour {
  RED(230, 30, 30),
  GREEN(30, 200, 30),
  BLUE(40, 60, 240),
  YELLOW(240, 220, 30),
  MAGENTA(230, 40, 220),
  CYAN(30, 220, 230);

  private final int rgb;

  Colour(int red, int green, int blue) {
    this.rgb = red << 16 | green << 8 | blue;
  }

  /** The colour as 0xRRGGBB. */
  public int rgb() {
    return rgb;
  }

  /** The word for it. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
