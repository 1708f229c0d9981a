/** Referring expressions: where is the object that this sentence describes? */
@NullMarked
package dev.sampo.tasks.rec;

import org.jspecify.annotations.NullMarked;
