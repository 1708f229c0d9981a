/** Data sets, question templates, synthetic scenes and evaluation metrics. */
@NullMarked
package dev.sampo.tasks;

import org.jspecify.annotations.NullMarked;
