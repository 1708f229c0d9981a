package dev.sampo.fault;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** A test that kills as often as it is told to, and is left out where nobody says how often. */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@EnabledIfSystemProperty(
    named = "sampo.kills.train",
    matches = "\\d+",
    disabledReason = "it takes minutes: mvn -Pfull verify, mvn -Pfaults verify")
@interface KilledOften {}
