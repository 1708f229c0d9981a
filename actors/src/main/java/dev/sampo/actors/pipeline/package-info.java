/**
 * The actors of a run, one behavior per role, thin around plain classes. Messages between nodes are
 * marked {@link dev.sampo.actors.CrossesNodes}.
 */
@NullMarked
package dev.sampo.actors.pipeline;

import org.jspecify.annotations.NullMarked;
