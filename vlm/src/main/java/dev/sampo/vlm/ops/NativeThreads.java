package dev.sampo.vlm.ops;

import ai.djl.engine.Engine;
import ai.djl.pytorch.jni.JniUtils;

/** How many native threads the operations of one Java thread are spread over. */
public final class NativeThreads {
  private NativeThreads() {}

  /** Sets the count for the calling thread, and for threads that have not computed yet. */
  public static void use(int count) {
    if (count < 1) {
      throw new IllegalArgumentException("threads must be at least 1, got " + count);
    }
    Engine.getEngine("PyTorch"); // loads the library
    JniUtils.setNumThreads(count);
    // A thread's first native operation gives it the count set last by any thread; have that over.
    JniUtils.getNumThreads();
    JniUtils.setNumThreads(count);
  }

  /** The count of the calling thread. */
  public static int inUse() {
    Engine.getEngine("PyTorch");
    return JniUtils.getNumThreads();
  }
}
