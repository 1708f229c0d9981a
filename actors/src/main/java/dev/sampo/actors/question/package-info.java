/** How the rows of a run are put to its model. */
@NullMarked
package dev.sampo.actors.question;

import org.jspecify.annotations.NullMarked;
