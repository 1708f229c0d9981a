package dev.sampo.rollout;

import dev.sampo.protocol.Completion;
import dev.sampo.protocol.SamplingSettings;
import dev.sampo.vlm.EncodedPrompt;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The completions of one prompt while they grow.
 *
 * @param ticket whatever the caller knows the group by
 * @param slot its place in the cache
 * @param rows one per completion, in order // [G]
 */
record DecodeGroup<T>(T ticket, EncodedPrompt prompt, int slot, List<DecodeRow> rows) {

  static <T> DecodeGroup<T> of(DecodeLoop.Request<T> request, int slot) {
    SamplingSettings sampling = request.sampling();
    return new DecodeGroup<>(
        request.ticket(),
        request.prompt(),
        slot,
        IntStream.range(0, request.numCompletions())
            .mapToObj(index -> new DecodeRow(index, sampling, request.seed(), request.listener()))
            .toList());
  }

  boolean isFinished() {
    return rows.stream().allMatch(DecodeRow::isFinished);
  }

  long numTokens() {
    return rows.stream().mapToLong(DecodeRow::length).sum();
  }

  /** {@link Long#MAX_VALUE} before the first token. */
  long oldestStep() {
    return rows.stream().mapToLong(DecodeRow::oldestStep).min().orElse(Long.MAX_VALUE);
  }

  List<Completion> completions(AnswerTokens answers) {
    return rows.stream().map(row -> row.completion(answers)).toList();
  }
}
