package dev.sampo.actors.report;

import java.awt.Color;
import java.awt.Font;

/** Colours and type of the pictures; the line colours stay apart for colour-blind readers. */
final class Palette {
  static final Color PAPER = new Color(0xffffff);
  static final Color INK = new Color(0x1f2933);
  static final Color FAINT_INK = new Color(0x7b8794);
  static final Color RULE = new Color(0xe4e7eb);
  static final Color BLUE = new Color(0x0072b2);
  static final Color ORANGE = new Color(0xd55e00);
  static final Color GREEN = new Color(0x009e73);
  static final Color PURPLE = new Color(0x8e5aa8);

  private Palette() {}

  static Font plain(float size) {
    return new Font(Font.SANS_SERIF, Font.PLAIN, 1).deriveFont(size);
  }

  static Font bold(float size) {
    return new Font(Font.SANS_SERIF, Font.BOLD, 1).deriveFont(size);
  }

  /** The same colour, lighter, for raw values behind a smoothed line. */
  static Color pale(Color color) {
    return new Color(mix(color.getRed()), mix(color.getGreen()), mix(color.getBlue()));
  }

  private static int mix(int channel) {
    return channel + (255 - channel) * 65 / 100;
  }
}
