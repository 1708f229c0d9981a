package dev.sampo.simulation;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.util.List;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.slf4j.LoggerFactory;

/** Keeps what the product says about thousands of faults out of the output of the tests. */
final class Silence implements BeforeAllCallback, AfterAllCallback {
  private static final List<String> LOGGERS = List.of("dev.sampo.actors", "org.apache.pekko");

  @Override
  public void beforeAll(ExtensionContext context) {
    LOGGERS.forEach(name -> logger(name).setLevel(Level.OFF));
  }

  @Override
  public void afterAll(ExtensionContext context) {
    LOGGERS.forEach(name -> logger(name).setLevel(null));
  }

  private static Logger logger(String name) {
    return (Logger) LoggerFactory.getLogger(name);
  }
}
