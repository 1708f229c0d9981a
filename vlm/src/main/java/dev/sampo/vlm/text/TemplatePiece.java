package dev.sampo.vlm.text;

import java.util.List;

/** A piece of a Jinja template after whitespace control. */
sealed interface TemplatePiece {

  /** Printed as it stands. */
  record Words(String text) implements TemplatePiece {}

  /** {@code {{ ... }}}, without the braces. */
  record Print(List<TemplateToken> tokens, int line) implements TemplatePiece {}

  /** {@code {% ... %}}, without the braces. */
  record Statement(List<TemplateToken> tokens, int line) implements TemplatePiece {}
}
