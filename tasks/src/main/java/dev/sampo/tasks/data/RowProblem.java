package dev.sampo.tasks.data;

/** Why a row cannot be used; ends as a {@link DataRow.BadRow}. */
final class RowProblem extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String reason;

  RowProblem(String reason) {
    super(reason);
    this.reason = reason;
  }

  RowProblem(String reason, Throwable cause) {
    super(reason, cause);
    this.reason = reason;
  }

  String reason() {
    return reason;
  }
}
