package io.refmesh.proxy;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import io.refmesh.model.discovery.AppProtocol;
import io.refmesh.model.discovery.HostPort;
import io.refmesh.model.policy.Timeouts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * Every case of h2spec, strict ones too, against both sides of a pair that serves a real
 * application: each passes, or is listed with its reason in {@code docs/reference/h2spec.md}. A
 * listed case that passes is a mistake of the page.
 */
@Tag("h2spec")
final class H2specTest {

  private static final GoTool H2SPEC =
      new GoTool("h2spec", "h2spec", "github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible");

  private static final Path PAGE = Path.of("..", "docs", "reference", "h2spec.md");

  /** How long h2spec waits for what it expects; what a refusal takes longer fails. */
  private static final String SECONDS = "2";

  private final TestMesh mesh = new TestMesh();
  private final Http2Application application = new Http2Application();
  private final TestMesh.Sidecar cart =
      mesh.of("cart", application.address(), AppProtocol.H2C).start();

  @TempDir Path directory;

  @AfterEach
  void close() {
    mesh.close();
    application.close();
  }

  @TestFactory
  Stream<DynamicTest> outbound() throws Exception {
    TestMesh.Sidecar web = mesh.caller("web").start();
    return run(
        "outbound",
        web.calls(
            TestMesh.destination(
                cart.service(), AppProtocol.H2C, Timeouts.NONE, null, List.of(cart.endpoint()))));
  }

  @TestFactory
  Stream<DynamicTest> inbound() throws Exception {
    return run("inbound", cart.endpoint().address());
  }

  /** One case as h2spec reports it. */
  private record Case(String section, String title, String failure, boolean skipped) {

    String name() {
      return section + ": " + title;
    }
  }

  private Stream<DynamicTest> run(String side, HostPort target) throws Exception {
    Path program = H2SPEC.path();
    Path report = directory.resolve("report.xml");
    Path said = directory.resolve("said.txt");
    Process process =
        Program.start(
            said,
            List.of(
                program.toString(),
                "--strict",
                "--timeout",
                SECONDS,
                "--host",
                target.host(),
                "--port",
                Integer.toString(target.port()),
                "--junit-report",
                report.toString()));
    boolean ended = process.waitFor(5, TimeUnit.MINUTES);
    Program.stop(process);
    if (!ended) {
      fail("h2spec did not end within 5 minutes: " + Files.readString(said));
    }
    List<Case> cases = cases(report);
    if (cases.size() < 100) {
      fail("h2spec reported " + cases.size() + " cases: " + Files.readString(said));
    }
    Map<String, String> excused = excused(side);
    List<DynamicTest> tests = new ArrayList<>();
    for (Case one : cases) {
      String reason = excused.remove(one.name());
      tests.add(DynamicTest.dynamicTest(one.name(), () -> judge(one, reason)));
    }
    for (String unknown : excused.keySet()) {
      tests.add(
          DynamicTest.dynamicTest(
              unknown, () -> fail(PAGE + " excuses a case that h2spec does not have: " + unknown)));
    }
    return tests.stream();
  }

  private static void judge(Case one, @Nullable String reason) {
    if (one.skipped()) {
      abort(one.name() + " was skipped by h2spec");
    }
    if (one.failure().isEmpty() && reason != null) {
      fail(one.name() + " passes, but " + PAGE + " excuses it: take it out");
    }
    if (!one.failure().isEmpty() && reason == null) {
      fail(one.name() + ": " + one.failure());
    }
  }

  private static List<Case> cases(Path report) throws Exception {
    NodeList found =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(report.toFile())
            .getElementsByTagName("testcase");
    List<Case> cases = new ArrayList<>();
    for (int i = 0; i < found.getLength(); i++) {
      Element element = (Element) found.item(i);
      cases.add(
          new Case(
              element.getAttribute("package"),
              element.getAttribute("classname"),
              text(element, "failure") + text(element, "error"),
              element.getElementsByTagName("skipped").getLength() > 0));
    }
    return cases;
  }

  private static String text(Element element, String child) {
    NodeList found = element.getElementsByTagName(child);
    return found.getLength() == 0 ? "" : found.item(0).getTextContent().strip();
  }

  /** Rows of the page's table: side, case, reason. */
  private static Map<String, String> excused(String side) throws IOException {
    Map<String, String> excused = new TreeMap<>();
    for (String line : Files.readAllLines(PAGE)) {
      String[] cells = line.split("\\|", -1);
      if (cells.length == 5 && (cells[1].strip().equals(side) || cells[1].strip().equals("both"))) {
        excused.put(cells[2].strip(), cells[3].strip());
      }
    }
    return excused;
  }
}
