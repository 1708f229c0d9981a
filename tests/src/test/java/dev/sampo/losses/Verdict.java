package dev.sampo.losses;

/** How a case ended. */
sealed interface Verdict {

  /** The line that says so, without the name of the case. */
  String text();

  /** All values agree. */
  record Ok(int numValues, double worst) implements Verdict {
    @Override
    public String text() {
      return "%d values, worst at %.2g of the tolerance".formatted(numValues, worst);
    }
  }

  /** A value is off. */
  record Miss(String what) implements Verdict {
    @Override
    public String text() {
      return what;
    }
  }

  /** The product lacks something that the case needs. */
  record Unsupported(String why) implements Verdict {
    @Override
    public String text() {
      return why;
    }
  }

  /** {@code ok}, {@code miss} or {@code unsupported}. */
  default String word() {
    return switch (this) {
      case Ok ok -> "ok";
      case Miss miss -> "miss";
      case Unsupported unsupported -> "unsupported";
    };
  }
}
