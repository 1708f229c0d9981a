package dev.sampo.actors.cli;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.FileAppender;
import java.nio.file.Path;
import java.util.List;
import org.slf4j.LoggerFactory;

/** The log file of a run. The console stays quiet; the file has everything from INFO up. */
final class RunLog implements AutoCloseable {
  /** All, and those that logback.xml keeps from the console. */
  private static final List<String> LOGGERS =
      List.of(org.slf4j.Logger.ROOT_LOGGER_NAME, "org.apache.pekko.actor.SupervisorStrategy");

  private final List<Logger> loggers;
  private final FileAppender<ILoggingEvent> appender;

  private RunLog(List<Logger> loggers, FileAppender<ILoggingEvent> appender) {
    this.loggers = loggers;
    this.appender = appender;
  }

  /** Sends the log of this JVM to a file as well, until closed. */
  static RunLog to(Path file) {
    LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
    PatternLayoutEncoder encoder = new PatternLayoutEncoder();
    encoder.setContext(context);
    encoder.setPattern("%d{ISO8601} %-5level [%thread] %logger{20}: %msg%n");
    encoder.start();
    FileAppender<ILoggingEvent> appender = new FileAppender<>();
    appender.setContext(context);
    appender.setEncoder(encoder);
    appender.setFile(file.toString());
    appender.start();
    List<Logger> loggers = LOGGERS.stream().map(context::getLogger).toList();
    loggers.forEach(logger -> logger.addAppender(appender));
    return new RunLog(loggers, appender);
  }

  @Override
  public void close() {
    loggers.forEach(logger -> logger.detachAppender(appender));
    appender.stop();
  }
}
