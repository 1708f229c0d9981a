package dev.sampo.actors.node;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sampo.tasks.data.BlobStore;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpEntities;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.StatusCodes;
import org.apache.pekko.http.javadsl.server.AllDirectives;
import org.apache.pekko.http.javadsl.server.PathMatchers;
import org.apache.pekko.http.javadsl.server.Route;

/**
 * What a node serves over HTTP:
 *
 * <pre>
 * GET  /health              the process answers
 * GET  /ready               member of the cluster
 * GET  /metrics             Prometheus
 * GET  /status              the run as the coordinator sees it, JSON
 * GET  /blobs/SHA-256       an image that this node has read
 * GET  /weights/FOLDER/FILE  a shard of a published version, with Range
 * POST /control/pause       the learner saves a checkpoint after the step under way, and waits
 * POST /control/resume      and goes on
 * </pre>
 */
final class NodeServer extends AllDirectives {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** A name that cannot lead out of the folder it is in. */
  private static final Pattern PLAIN_NAME = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]*");

  /**
   * What the routes show.
   *
   * @param ready whether the node does its work
   * @param metrics the metrics as Prometheus text
   * @param status the state of the run
   * @param blobs images of this node
   * @param weights folder of the published weights; empty on a node that publishes none
   * @param files runs what reads files
   * @param hasLearner whether the learner is on this node, which {@code pause} needs
   * @param pause stops the learner
   * @param resume lets it go on
   */
  record Content(
      Supplier<Boolean> ready,
      Supplier<String> metrics,
      Supplier<CompletionStage<Map<String, Object>>> status,
      BlobStore blobs,
      Optional<Path> weights,
      Executor files,
      boolean hasLearner,
      Runnable pause,
      Runnable resume) {}

  private final Content content;

  NodeServer(Content content) {
    this.content = content;
  }

  Route route() {
    return concat(
        get(() ->
            concat(
                path("health", () -> complete("ok\n")),
                path("ready", this::ready),
                path("metrics", () -> complete(content.metrics().get())),
                path("status", this::status),
                pathPrefix("blobs", () -> path(PathMatchers.segment(), this::blob)),
                pathPrefix("weights", this::weightFile))),
        post(() ->
            pathPrefix(
                "control",
                () ->
                    concat(
                        path("pause", () -> control(content.pause())),
                        path("resume", () -> control(content.resume()))))));
  }

  private Route ready() {
    return content.ready().get()
        ? complete("ready\n")
        : complete(StatusCodes.SERVICE_UNAVAILABLE, "not ready\n");
  }

  private Route status() {
    return onSuccess(
        content.status().get(),
        state -> complete(HttpEntities.create(ContentTypes.APPLICATION_JSON, json(state))));
  }

  private Route blob(String sha256) {
    return onSuccess(
        CompletableFuture.supplyAsync(() -> content.blobs().find(sha256), content.files()),
        found ->
            found
                .map(bytes ->
                    complete(
                        HttpResponse.create()
                            .withEntity(
                                HttpEntities.create(ContentTypes.APPLICATION_OCTET_STREAM, bytes))))
                .orElseGet(() -> complete(StatusCodes.NOT_FOUND, "no blob " + sha256 + "\n")));
  }

  private Route weightFile() {
    return path(
        PathMatchers.segment().slash(PathMatchers.segment()),
        (folder, file) ->
            content
                .weights()
                .filter(root -> isPlain(folder) && isPlain(file))
                .map(root ->
                    getFromFile(
                        root.resolve(folder).resolve(file).toFile(),
                        ContentTypes.APPLICATION_OCTET_STREAM))
                .orElseGet(this::reject));
  }

  private static boolean isPlain(String name) {
    return PLAIN_NAME.matcher(name).matches();
  }

  private Route control(Runnable action) {
    if (!content.hasLearner()) {
      return complete(StatusCodes.CONFLICT, "the learner is on another node\n");
    }
    action.run();
    return complete(StatusCodes.ACCEPTED, "accepted\n");
  }

  private static String json(Object value) {
    try {
      return JSON.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
