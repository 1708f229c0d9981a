package dev.sampo.actors.journal;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.DriverPropertyInfo;
import java.sql.SQLException;
import java.util.Properties;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/** A database whose answer to a commit can be lost after the commit was made. */
final class LossyDriver implements Driver {
  static final String URL = "jdbc:lossy:";

  private final String url;
  private boolean loseNext;

  /** In front of another database. */
  LossyDriver(String url) {
    this.url = url;
  }

  void loseTheNextAnswer() {
    loseNext = true;
  }

  @Override
  public @Nullable Connection connect(String asked, Properties login) throws SQLException {
    if (!acceptsURL(asked)) {
      return null;
    }
    Connection real = DriverManager.getConnection(url, login);
    return (Connection)
        Proxy.newProxyInstance(
            getClass().getClassLoader(),
            new Class<?>[] {Connection.class},
            (proxy, method, arguments) -> {
              try {
                Object result = method.invoke(real, arguments);
                if (method.getName().equals("commit") && loseNext) {
                  loseNext = false;
                  throw new SQLException("connection reset");
                }
                return result;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  @Override
  public boolean acceptsURL(String asked) {
    return asked.equals(URL);
  }

  @Override
  public DriverPropertyInfo[] getPropertyInfo(String asked, Properties info) {
    return new DriverPropertyInfo[0];
  }

  @Override
  public int getMajorVersion() {
    return 1;
  }

  @Override
  public int getMinorVersion() {
    return 0;
  }

  @Override
  public boolean jdbcCompliant() {
    return false;
  }

  @Override
  public Logger getParentLogger() {
    return Logger.getGlobal();
  }
}
