package dev.sampo.vlm.ops;

import ai.djl.engine.Engine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** What decides the bits of native results beside the inputs: the library and the CPU. */
public final class NativeBuild {
  private static final Path CPU = Path.of("/proc/cpuinfo");

  private NativeBuild() {}

  /** Version of libtorch. */
  public static String torchVersion() {
    return Engine.getEngine("PyTorch").getVersion();
  }

  /**
   * The widest instruction set, of those that libtorch has kernels for, that this CPU offers:
   * {@code AVX512}, {@code AVX2} or {@code DEFAULT}; the environment variable {@code
   * ATEN_CPU_CAPABILITY} overrides it, here as in libtorch. Where there is no {@code
   * /proc/cpuinfo}, the architecture.
   */
  public static String cpuCapability() {
    return Optional.ofNullable(System.getenv("ATEN_CPU_CAPABILITY"))
        .orElseGet(NativeBuild::ofThisCpu);
  }

  private static String ofThisCpu() {
    if (!Files.isReadable(CPU)) {
      return System.getProperty("os.arch", "unknown");
    }
    try {
      String flags = Files.readString(CPU);
      boolean isWide =
          flags.contains(" avx512f")
              && flags.contains(" avx512bw")
              && flags.contains(" avx512dq")
              && flags.contains(" avx512vl");
      return isWide ? "AVX512" : flags.contains(" avx2") ? "AVX2" : "DEFAULT";
    } catch (IOException e) {
      return System.getProperty("os.arch", "unknown");
    }
  }
}
