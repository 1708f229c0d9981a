package dev.sampo.tasks.scene;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** A colour together with a shape. */
public record Look(Colour colour, Shape shape) {
  private static final Set<Look> HELD_OUT =
      Set.of(
          new Look(Colour.RED, Shape.DIAMOND),
          new Look(Colour.GREEN, Shape.TRIANGLE),
          new Look(Colour.BLUE, Shape.SQUARE),
          new Look(Colour.YELLOW, Shape.CIRCLE),
          new Look(Colour.MAGENTA, Shape.TRIANGLE),
          new Look(Colour.CYAN, Shape.DIAMOND));

  /** Whether no training scene shows it, so that it can test generalisation. */
  public boolean isHeldOut() {
    return HELD_OUT.contains(this);
  }

  /** All looks that are held out, or all that are not, in a fixed order. */
  static List<Look> all(boolean heldOut) {
    List<Look> looks = new ArrayList<>();
    for (Colour colour : Colour.values()) {
      for (Shape shape : Shape.values()) {
        Look look = new Look(colour, shape);
        if (look.isHeldOut() == heldOut) {
          looks.add(look);
        }
      }
    }
    return looks;
  }
}
