package dev.sampo.protocol;

import java.util.Arrays;
import java.util.stream.IntStream;

/** An immutable sequence of token ids. */
public final class TokenIds {
  private final int[] ids;

  private TokenIds(int[] ids) {
    this.ids = ids;
  }

  /** Copies {@code ids}. */
  public static TokenIds of(int... ids) {
    return new TokenIds(ids.clone());
  }

  public int length() {
    return ids.length;
  }

  public int get(int position) {
    return ids[position];
  }

  public IntStream stream() {
    return Arrays.stream(ids);
  }

  /** A copy. */
  public int[] toArray() {
    return ids.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TokenIds that && Arrays.equals(ids, that.ids);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(ids);
  }

  @Override
  public String toString() {
    return Arrays.toString(ids);
  }
}
