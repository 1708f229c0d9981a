package dev.sampo.actors.pipeline;

import dev.sampo.protocol.Completion;
import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.VersionSpan;
import java.util.List;
import java.util.function.LongConsumer;

/** The age of every token of a group, in optimizer steps. */
final class TokenAges {
  private TokenAges() {}

  static void forEach(CompletionGroup group, long learnerStep, LongConsumer age) {
    for (Completion completion : group.completions()) {
      List<VersionSpan> spans = completion.versions();
      for (int i = 0; i < spans.size(); i++) {
        int end = i + 1 < spans.size() ? spans.get(i + 1).from() : completion.tokens().length();
        for (int token = spans.get(i).from(); token < end; token++) {
          age.accept(spans.get(i).version().ageAt(learnerStep));
        }
      }
    }
  }
}
