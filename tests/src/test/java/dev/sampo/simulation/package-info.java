/**
 * Runs of the whole protocol in virtual time: the product's behaviors and streams on one thread, in
 * an order that a seed decides, over a network that loses and delays, with nodes that die, freeze,
 * join and leave. Engine, rewards and trainer are fakes; what the ledger and the trainer saw is
 * checked. A seed that breaks a rule breaks it every time.
 */
@NullMarked
package dev.sampo.simulation;

import org.jspecify.annotations.NullMarked;
