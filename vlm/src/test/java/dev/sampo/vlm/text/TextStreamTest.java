package dev.sampo.vlm.text;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.vlm.Goldens;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The vocabulary of the shipped model has a token for every byte and few longer ones. */
class TextStreamTest {
  private static final String TEXT = "red é日本👩‍🔬 circle\n\uFFFD end";

  @SuppressWarnings("NullAway.Init")
  private TextTokenizer tokenizer;

  @BeforeEach
  void load() throws IOException {
    tokenizer = TextTokenizer.load(Goldens.of("shipped").folder(), Set.of());
  }

  @AfterEach
  void close() {
    tokenizer.close();
  }

  @Test
  void charactersComeWhole() {
    TextStream stream = tokenizer.newStream();
    List<String> given = new ArrayList<>();

    for (int id : tokenizer.encodePlain(TEXT)) {
      given.add(stream.add(id));
    }
    given.add(stream.finish());

    assertThat(String.join("", given)).isEqualTo(TEXT);
    assertThat(given).contains("é", "日", "本", "👩", " circle");
    assertThat(given).filteredOn(text -> text.contains("\uFFFD")).containsExactly("\uFFFD ");
  }

  @Test
  void brokenBytesAreWhatTheyAreInTheWholeText() {
    int[] whole = tokenizer.encodePlain(TEXT);
    for (int cut = 0; cut < whole.length; cut++) {
      int missing = cut;
      int[] broken =
          IntStream.range(0, whole.length)
              .filter(at -> at != missing)
              .map(at -> whole[at])
              .toArray();

      assertThat(streamed(broken)).isEqualTo(tokenizer.decode(broken));
      int[] cutOff = Arrays.copyOf(whole, cut);
      assertThat(streamed(cutOff)).isEqualTo(tokenizer.decode(cutOff));
    }
  }

  private String streamed(int[] ids) {
    TextStream stream = tokenizer.newStream();
    StringBuilder text = new StringBuilder();
    for (int id : ids) {
      text.append(stream.add(id));
    }
    return text.append(stream.finish()).toString();
  }
}
