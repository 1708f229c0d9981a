/**
 * The real policy behind the actors: the rollout engine as a generator, the learner as a trainer.
 */
@NullMarked
package dev.sampo.actors.engine;

import org.jspecify.annotations.NullMarked;
