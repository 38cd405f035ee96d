package io.refmesh.chaos.report;

import io.refmesh.chaos.verdict.RunVerdict;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;

/** The verdict of a run as files and as a table. */
public final class Reports {

  private Reports() {}

  /**
   * Writes {@code verdict.json}, {@code junit.xml} and {@code report.html}. Each file is whole or,
   * when this fails, as it was before.
   *
   * @param folder made when it is absent
   * @throws IOException says which file could not be written and why
   */
  public static void write(Path folder, RunVerdict verdict) throws IOException {
    // The smallest and most important one first: on a disk that is nearly full it may be the only
    // one.
    WholeFile.write(folder.resolve("verdict.json"), VerdictJson.of(verdict));
    WholeFile.write(folder.resolve("junit.xml"), JunitXml.of(verdict));
    WholeFile.write(folder.resolve("report.html"), HtmlReport.of(verdict));
  }

  /** Prints the table that ends a run. */
  public static void table(RunVerdict verdict, PrintWriter out) {
    new VerdictTable(out).print(verdict);
    out.flush();
  }
}
