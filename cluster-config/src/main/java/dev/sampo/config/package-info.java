/** The validated run configuration and its profiles. */
@NullMarked
package dev.sampo.config;

import org.jspecify.annotations.NullMarked;
