package dev.sampo.actors.report;

import dev.sampo.actors.StepReport;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler.LegendLayout;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * {@code curves.png}: six small charts of one run over its optimizer steps. Noisy values are drawn
 * pale, with their moving mean over them.
 */
final class CurvesPicture {
  private static final int PANEL_WIDTH = 620;
  private static final int PANEL_HEIGHT = 400;
  private static final int COLUMNS = 3;
  private static final int MARGIN = 24;
  private static final int TITLE_HEIGHT = 56;
  private static final int SMOOTHING_DIVISOR = 12;

  /** A line of a chart: the metric it shows, what it is called there, and its colour. */
  private record Line(String metric, String label, Color color) {}

  private final List<StepReport> steps;
  private final int maxStaleness;

  private CurvesPicture(List<StepReport> steps, int maxStaleness) {
    this.steps = steps;
    this.maxStaleness = maxStaleness;
  }

  /**
   * Draws the picture.
   *
   * @param title one line over the charts
   * @param steps the run, in order; at least one step
   * @param maxStaleness the configured bound, drawn as a rule
   */
  static BufferedImage draw(String title, List<StepReport> steps, int maxStaleness) {
    return new CurvesPicture(steps, maxStaleness).sheet(title);
  }

  private BufferedImage sheet(String title) {
    List<XYChart> panels =
        List.of(
            panel("Reward of the trained groups", lines(new Line("reward", "total", Palette.BLUE))),
            panel("Reward by function", rewardLines()),
            stalenessPanel(),
            panel("Share of time each role is busy", utilisationLines()),
            panel(
                "Policy",
                lines(
                    new Line("entropy", "entropy (nats per token)", Palette.PURPLE),
                    new Line("frac_reward_zero_std", "groups of equal rewards", Palette.ORANGE),
                    new Line("mismatch/k3", "rollout-learner mismatch", Palette.GREEN))),
            panel(
                "Seconds per step",
                lines(
                    new Line("time/step", "whole step", Palette.BLUE),
                    new Line("time/wait", "learner waits", Palette.ORANGE))));
    int rows = (panels.size() + COLUMNS - 1) / COLUMNS;
    BufferedImage sheet =
        new BufferedImage(
            COLUMNS * PANEL_WIDTH + 2 * MARGIN,
            rows * PANEL_HEIGHT + TITLE_HEIGHT + 2 * MARGIN,
            BufferedImage.TYPE_INT_RGB);
    Graphics2D canvas = sheet.createGraphics();
    try {
      canvas.setRenderingHint(
          RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
      canvas.setColor(Palette.PAPER);
      canvas.fillRect(0, 0, sheet.getWidth(), sheet.getHeight());
      canvas.setColor(Palette.INK);
      canvas.setFont(Palette.bold(24));
      canvas.drawString(title, 2 * MARGIN, MARGIN + 28);
      for (int i = 0; i < panels.size(); i++) {
        Graphics2D area =
            (Graphics2D)
                canvas.create(
                    MARGIN + i % COLUMNS * PANEL_WIDTH,
                    MARGIN + TITLE_HEIGHT + i / COLUMNS * PANEL_HEIGHT,
                    PANEL_WIDTH,
                    PANEL_HEIGHT);
        panels.get(i).paint(area, PANEL_WIDTH, PANEL_HEIGHT);
        area.dispose();
      }
    } finally {
      canvas.dispose();
    }
    return sheet;
  }

  private static List<Line> lines(Line... lines) {
    return Arrays.asList(lines);
  }

  private List<Line> rewardLines() {
    List<Color> colors = List.of(Palette.BLUE, Palette.ORANGE, Palette.GREEN, Palette.PURPLE);
    List<String> names =
        steps.getFirst().metrics().keySet().stream()
            .filter(name -> name.startsWith("rewards/") && name.endsWith("/mean"))
            .toList();
    List<Line> lines = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      String label = names.get(i).substring("rewards/".length(), names.get(i).lastIndexOf('/'));
      lines.add(new Line(names.get(i), label, colors.get(i % colors.size())));
    }
    return lines;
  }

  private static List<Line> utilisationLines() {
    return List.of(
        new Line("utilisation/rollout", "rollout", Palette.BLUE),
        new Line("utilisation/learner", "learner", Palette.ORANGE),
        new Line("utilisation/reward", "reward", Palette.GREEN));
  }

  private XYChart stalenessPanel() {
    XYChart chart =
        panel(
            "Age of the groups trained on (optimizer steps)",
            lines(
                new Line("staleness/max", "oldest", Palette.ORANGE),
                new Line("staleness/mean", "mean", Palette.BLUE)));
    double first = steps.getFirst().step();
    double last = steps.getLast().step();
    XYSeries bound =
        chart.addSeries(
            "bound", new double[] {first, last}, new double[] {maxStaleness, maxStaleness});
    bound.setMarker(SeriesMarkers.NONE);
    bound.setLineColor(Palette.INK);
    bound.setLineStyle(
        new BasicStroke(
            1.2f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 1, new float[] {6, 5}, 0));
    chart.getStyler().setYAxisMax(maxStaleness + 0.5);
    return chart;
  }

  private XYChart panel(String title, List<Line> lines) {
    XYChart chart =
        new XYChartBuilder()
            .width(PANEL_WIDTH)
            .height(PANEL_HEIGHT)
            .title(title)
            .xAxisTitle("optimizer step")
            .build();
    style(chart.getStyler());
    double top = 0;
    for (Line line : lines) {
      top = Math.max(top, add(chart, line));
    }
    chart.getStyler().setYAxisMax(top > 0 ? top * 1.08 : 1);
    return chart;
  }

  /** Adds the raw values and their moving mean; returns the largest value, 0 without any. */
  private double add(XYChart chart, Line line) {
    List<StepReport> known =
        steps.stream()
            .filter(step -> Double.isFinite(step.metrics().getOrDefault(line.metric, Double.NaN)))
            .toList();
    if (known.isEmpty()) {
      return 0;
    }
    double[] x = known.stream().mapToDouble(StepReport::step).toArray();
    double[] y =
        known.stream()
            .mapToDouble(step -> step.metrics().getOrDefault(line.metric, Double.NaN))
            .toArray();
    XYSeries raw = chart.addSeries(line.label + " raw", x, y);
    raw.setMarker(SeriesMarkers.NONE).setShowInLegend(false);
    raw.setLineColor(Palette.pale(line.color)).setLineStyle(new BasicStroke(1.1f));
    XYSeries smooth = chart.addSeries(line.label, x, movingMean(y));
    smooth.setMarker(SeriesMarkers.NONE);
    smooth.setLineColor(line.color).setLineStyle(new BasicStroke(2.4f));
    return Arrays.stream(y).max().orElse(0);
  }

  /** Mean over a window around each value that shrinks at the ends. */
  static double[] movingMean(double[] values) {
    int reach = Math.max(1, values.length / SMOOTHING_DIVISOR / 2);
    double[] means = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      int half = Math.min(reach, Math.min(i, values.length - 1 - i));
      means[i] = Arrays.stream(values, i - half, i + half + 1).average().orElse(values[i]);
    }
    return means;
  }

  private static void style(XYStyler styler) {
    styler.setChartBackgroundColor(Palette.PAPER);
    styler.setPlotBackgroundColor(Palette.PAPER);
    styler.setPlotBorderVisible(false);
    styler.setPlotGridLinesColor(Palette.RULE);
    styler.setPlotGridLinesStroke(new BasicStroke(1f));
    styler.setPlotGridVerticalLinesVisible(false);
    styler.setAxisTickMarksColor(Palette.RULE);
    styler.setAxisTickLabelsColor(Palette.FAINT_INK);
    styler.setAxisTickLabelsFont(Palette.plain(12));
    styler.setAxisTitleFont(Palette.plain(12));
    styler.setXAxisTitleColor(Palette.FAINT_INK);
    styler.setChartFontColor(Palette.INK);
    styler.setChartTitleFont(Palette.bold(15));
    styler.setChartTitleBoxVisible(false);
    styler.setLegendPosition(LegendPosition.OutsideS);
    styler.setLegendLayout(LegendLayout.Horizontal);
    styler.setLegendBorderColor(Palette.PAPER);
    styler.setLegendFont(Palette.plain(12));
    styler.setXAxisDecimalPattern("0");
    styler.setXAxisMaxLabelCount(12);
    styler.setYAxisMin(0.0);
  }
}
