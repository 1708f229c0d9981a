package dev.sampo.vlm.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The special tokens of a tokenizer. The native tokenizer cannot be told to leave them alone in
 * text, so it gets them under hidden names, made of noncharacters, and text is given those names
 * where a special token is meant.
 */
final class SpecialTokens {
  private final Map<String, Integer> ids;
  private final Set<Integer> all;
  private final Pattern pattern;

  private SpecialTokens(Map<String, Integer> ids) {
    this.ids = ids;
    this.all = Set.copyOf(ids.values());
    this.pattern =
        Pattern.compile(
            ids.keySet().stream()
                .sorted(Comparator.comparingInt(String::length).reversed())
                .map(Pattern::quote)
                .collect(Collectors.joining("|", "(?:", ")")));
  }

  /**
   * Hides the special tokens of a tokenizer.
   *
   * @param tokenizer content of a tokenizer.json; changed
   * @param reserved added tokens that count as special whether or not the file says so
   * @throws IOException naming the file, if an added token is broken
   */
  static SpecialTokens hideIn(JsonNode tokenizer, Collection<String> reserved, Path file)
      throws IOException {
    Map<String, Integer> ids = new LinkedHashMap<>();
    for (JsonNode token : tokenizer.path("added_tokens")) {
      if (!token.path("content").isTextual() || !token.path("id").isInt()) {
        throw new IOException(
            "%s: added_tokens has an entry without content and id: %s".formatted(file, token));
      }
      String content = token.path("content").asText();
      if (token.path("special").asBoolean() || reserved.contains(content)) {
        int id = token.path("id").asInt();
        ids.put(content, id);
        ((ObjectNode) token).put("special", true).put("content", hidden(id));
      }
    }
    if (tokenizer.path("model") instanceof ObjectNode model) {
      rename(model, ids);
    }
    return new SpecialTokens(ids);
  }

  /** A name that no text contains. */
  private static String hidden(int id) {
    return "\uFDD0" + id + "\uFDD1";
  }

  /** A token that lies in the vocabulary of the model too keeps its id only under one name. */
  private static void rename(ObjectNode model, Map<String, Integer> ids) {
    if (model.path("vocab") instanceof ObjectNode vocabulary) {
      ids.forEach((content, id) ->
          Optional.ofNullable(vocabulary.remove(content))
              .ifPresent(index -> vocabulary.set(hidden(id), index)));
    } else if (model.path("vocab") instanceof ArrayNode pieces) {
      for (JsonNode piece : pieces) {
        Integer id = ids.get(piece.path(0).asText());
        if (id != null) {
          ((ArrayNode) piece).set(0, hidden(id));
        }
      }
    }
    Integer unknown = ids.get(model.path("unk_token").asText());
    if (unknown != null) {
      model.put("unk_token", hidden(unknown));
    }
    if (model.path("merges") instanceof ArrayNode merges) {
      merges.removeIf(merge -> {
        List<String> parts =
            merge.isTextual()
                ? List.of(merge.asText().split(" ", 2))
                : merge.valueStream().map(JsonNode::asText).toList();
        return ids.containsKey(String.join("", parts)) || parts.stream().anyMatch(ids::containsKey);
      });
    }
  }

  /** Id of a special token. */
  OptionalInt id(String token) {
    Integer id = ids.get(token);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }

  boolean contains(int id) {
    return all.contains(id);
  }

  /** Text for the native tokenizer, in which every special token has its hidden name. */
  String hide(String text) {
    return ids.isEmpty()
        ? text
        : pattern.matcher(text).replaceAll(match -> hidden(ids.getOrDefault(match.group(), -1)));
  }

  /** Breaks every special token in a text with the given character, which the text lacks. */
  String shield(String text, char shield) {
    if (ids.isEmpty()) {
      return text;
    }
    StringBuilder shielded = new StringBuilder();
    Matcher matcher = pattern.matcher(text);
    for (int i = 0; i < text.length(); i++) {
      shielded.append(text.charAt(i));
      if (matcher.region(i, text.length()).lookingAt()) {
        shielded.append(shield);
      }
    }
    return shielded.toString();
  }
}
