package dev.sampo.simulation;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeModel;
import java.lang.classfile.MethodModel;
import java.lang.constant.ConstantDescs;
import java.util.function.LongFunction;

/**
 * The product with one of its fences taken out: a method of one class always answers yes, or 1. The
 * simulation is loaded once more, together with the product, so that the class is another one only
 * there.
 */
enum Mutant {
  /** Leases of terms whose steps were abandoned count. */
  LEASES_OF_ABANDONED_TERMS(
      "dev.sampo.actors.run.RunHistory", "firstTermOfLeases", "old terms are fenced"),
  /** Any lease may bring a result, whoever granted it. */
  RESULTS_OF_ABANDONED_TERMS("dev.sampo.actors.run.Leasing", "isOfThisRun", "old terms are fenced"),
  /** Leases are given to workers whose weights were abandoned. */
  WORKERS_WITH_ABANDONED_WEIGHTS(
      "dev.sampo.actors.run.GroupDispatch",
      "isPartOfRun",
      "no lease is given to weights that do not count"),
  /** A writer of the ledger goes on behind another one. */
  TWO_WRITERS(
      "dev.sampo.actors.journal.LedgerHead$Mark",
      "isStillTheEnd",
      "what is durable is one history");

  private final String type;
  private final String method;
  private final String rule;

  Mutant(String type, String method, String rule) {
    this.type = type;
    this.method = method;
    this.rule = rule;
  }

  /** How the checker calls the rule that the fence keeps, from its first word. */
  String rule() {
    return rule;
  }

  /**
   * Runs the scenarios of seeds in this product; all on one thread.
   *
   * @return the report of a seed
   */
  @SuppressWarnings("unchecked")
  LongFunction<String> simulation() {
    ClassLoader loader = new Loader();
    Thread.currentThread().setContextClassLoader(loader);
    try {
      return (LongFunction<String>)
          loader.loadClass(Reports.class.getName()).getDeclaredConstructor().newInstance();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Public for the class loader that it came from. */
  public static final class Reports implements LongFunction<String> {
    @Override
    public String apply(long seed) {
      return new SimulatedRun(Scenario.of(seed), Breakage.NONE).run().report();
    }
  }

  private final class Loader extends ClassLoader {
    Loader() {
      super(Mutant.class.getClassLoader());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (!name.startsWith("dev.sampo.")) {
        return super.loadClass(name, resolve);
      }
      synchronized (getClassLoadingLock(name)) {
        Class<?> loaded = findLoadedClass(name);
        return loaded != null ? loaded : define(name);
      }
    }

    private Class<?> define(String name) throws ClassNotFoundException {
      try (InputStream in = getResourceAsStream(name.replace('.', '/') + ".class")) {
        if (in == null) {
          throw new ClassNotFoundException(name);
        }
        byte[] bytes = name.equals(type) ? mutated(in.readAllBytes()) : in.readAllBytes();
        return defineClass(name, bytes, 0, bytes.length);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private byte[] mutated(byte[] bytes) {
      ClassModel whole = ClassFile.of().parse(bytes);
      MethodModel fence =
          whole.methods().stream()
              .filter(this::isFence)
              .findFirst()
              .orElseThrow(() -> new IllegalStateException(type + " has no method " + method));
      boolean isLong = fence.methodTypeSymbol().returnType().equals(ConstantDescs.CD_long);
      return ClassFile.of()
          .transformClass(
              whole,
              ClassTransform.transformingMethods(
                  this::isFence,
                  (builder, element) -> {
                    if (element instanceof CodeModel) {
                      builder.withCode(code -> answer(code, isLong));
                    } else {
                      builder.with(element);
                    }
                  }));
    }

    private static void answer(CodeBuilder code, boolean isLong) {
      if (isLong) {
        code.lconst_1().lreturn();
      } else {
        code.iconst_1().ireturn();
      }
    }

    private boolean isFence(MethodModel candidate) {
      return candidate.methodName().equalsString(method);
    }
  }
}
