package dev.sampo.vlm.lora;

import dev.sampo.vlm.ModelException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Adapters to train.
 *
 * @param rank {@code r}, inner size of an adapter, at least 1
 * @param alpha an adapter's result is multiplied by {@code alpha / rank}, above 0
 * @param dropout rate at which an adapter's inputs are dropped in training, in [0, 1)
 * @param targets regular expressions; a module gets an adapter if one of them matches its path in
 *     Transformers, or the end of the path after a dot ({@code q_proj}, {@code
 *     layers\.[0-3]\..*proj}). None stands for every linear module outside the vision tower.
 */
public record LoraSettings(int rank, double alpha, double dropout, List<String> targets) {
  private static final int EXAMPLES = 3;

  public LoraSettings {
    targets = List.copyOf(targets);
    require(rank >= 1, "the rank of an adapter must be at least 1, got " + rank);
    require(
        alpha > 0 && Double.isFinite(alpha),
        "the alpha of an adapter must be above 0, got " + alpha);
    require(
        dropout >= 0 && dropout < 1,
        "the dropout of an adapter must be at least 0 and below 1, got " + dropout);
    for (String target : targets) {
      compile(target);
    }
  }

  /**
   * The modules that get an adapter, in the order of {@code modules}.
   *
   * @throws IllegalArgumentException if a target matches none
   * @throws ModelException if a chosen module cannot be adapted
   */
  public List<LinearModule> choose(List<LinearModule> modules) {
    List<LinearModule> chosen = matching(modules);
    chosen.stream()
        .filter(module -> module.packedLayout().isPresent())
        .findFirst()
        .ifPresent(module -> {
          throw module.refusal();
        });
    return chosen;
  }

  private List<LinearModule> matching(List<LinearModule> modules) {
    if (targets.isEmpty()) {
      return modules.stream().filter(module -> !module.inVisionTower()).toList();
    }
    Set<LinearModule> chosen = new LinkedHashSet<>();
    for (String target : targets) {
      Pattern pattern = compile(target);
      List<LinearModule> matching =
          modules.stream().filter(module -> pattern.matcher(module.path()).matches()).toList();
      require(
          !matching.isEmpty(),
          "adapter target '%s' matches none of the %d linear modules, such as %s"
              .formatted(target, modules.size(), examples(modules)));
      chosen.addAll(matching);
    }
    List<LinearModule> inOrder = new ArrayList<>(modules);
    inOrder.retainAll(chosen);
    return inOrder;
  }

  private static String examples(List<LinearModule> modules) {
    int step = Math.max(1, modules.size() / EXAMPLES);
    List<String> paths = new ArrayList<>();
    for (int i = 0; i < modules.size() && paths.size() < EXAMPLES; i += step) {
      paths.add(modules.get(i).path());
    }
    return String.join(", ", paths);
  }

  private static Pattern compile(String target) {
    try {
      return Pattern.compile("(.*\\.)?(" + target + ")");
    } catch (PatternSyntaxException e) {
      throw new IllegalArgumentException(
          "adapter target '%s' is not a regular expression: %s"
              .formatted(target, e.getDescription()),
          e);
    }
  }

  private static void require(boolean condition, String message) {
    if (!condition) {
      throw new IllegalArgumentException(message);
    }
  }
}
