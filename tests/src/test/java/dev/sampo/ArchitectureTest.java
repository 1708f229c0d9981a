package dev.sampo;

import static com.tngtech.archunit.base.DescribedPredicate.alwaysTrue;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.sampo.vlm.VisionLanguageModels;
import dev.sampo.vlm.ops.Gradients;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The arrows between modules, and which module may know which library. */
class ArchitectureTest {
  /** Package of each module, and the modules that it may use. */
  private static final Map<String, List<String>> ARROWS =
      Map.of(
          "protocol", List.of(),
          "vlm", List.of(),
          "tasks", List.of("protocol"),
          "reward", List.of("protocol", "tasks"),
          "rollout", List.of("protocol", "vlm"),
          "learner", List.of("protocol", "vlm"),
          "config", List.of("protocol", "vlm", "tasks", "reward", "rollout", "learner"),
          "actors", List.of("protocol", "vlm", "tasks", "reward", "rollout", "learner", "config"));

  @SuppressWarnings("NullAway.Init")
  private static JavaClasses sampo;

  @BeforeAll
  static void readClasses() {
    sampo =
        new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("dev.sampo");
  }

  @Test
  void everyModuleIsInTheTableOfArrows() {
    Set<String> found =
        sampo.stream()
            .map(JavaClass::getPackageName)
            .map(name -> name.split("\\.", -1)[2])
            .collect(Collectors.toSet());

    assertThat(found).isEqualTo(ARROWS.keySet());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"protocol", "vlm", "tasks", "reward", "rollout", "learner", "config", "actors"})
  void modulesOnlyUseWhatTheirArrowsAllow(String module) {
    List<String> allowed = new ArrayList<>();
    allowed.add(packagesOf(module));
    ARROWS.getOrDefault(module, List.of()).forEach(other -> allowed.add(packagesOf(other)));

    classes()
        .that()
        .resideInAPackage(packagesOf(module))
        .should()
        .onlyDependOnClassesThat(
            not(resideInAPackage("dev.sampo.."))
                .or(resideInAnyPackage(allowed.toArray(String[]::new))))
        .check(sampo);
  }

  @Test
  void onlyModelRolloutAndLearnerTouchTensors() {
    noClasses()
        .that()
        .resideOutsideOfPackages(packagesOf("vlm"), packagesOf("rollout"), packagesOf("learner"))
        .should()
        .dependOnClassesThat()
        .resideInAPackage("ai.djl..")
        .check(sampo);
  }

  /** Their numbers are gone before a backward pass reads them; {@link Gradients#constant} stays. */
  @ParameterizedTest
  @ValueSource(strings = {"mul", "muli", "div", "divi", "pow", "powi"})
  void noOperationTakesANumberThatABackwardPassReads(String operation) {
    noClasses().should().callMethod(NDArray.class, operation, Number.class).check(sampo);
  }

  @Test
  void onlyActorsKnowPekko() {
    noClasses()
        .that()
        .resideOutsideOfPackage(packagesOf("actors"))
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.apache.pekko..")
        .check(sampo);
  }

  @Test
  void onlyTheWireFormKnowsProtobuf() {
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.sampo.protocol.wire..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("com.google.protobuf..")
        .check(sampo);
  }

  /**
   * Two arrows up are allowed: any package may throw its module's exception, and the one class that
   * chooses between model families may know them.
   */
  @Test
  void packagesDoNotUseEachOtherInCircles() {
    slices()
        .matching("dev.sampo.(**)")
        .should()
        .beFreeOfCycles()
        .ignoreDependency(alwaysTrue(), assignableTo(Exception.class))
        .ignoreDependency(type(VisionLanguageModels.class), alwaysTrue())
        .check(sampo);
  }

  @Test
  void namesSayWhatAThingIsInsteadOfThatItIsOne() {
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.sampo.protocol.wire..")
        .should()
        .haveNameMatching(".*(Manager|Helper|Utils?|Impl)|.*[.$]Default[A-Z][^.]*")
        .check(sampo);
  }

  private static String packagesOf(String module) {
    return "dev.sampo." + module + "..";
  }
}
