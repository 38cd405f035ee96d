package io.refmesh.chaos.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.refmesh.chaos.verdict.ControlVerdict;
import io.refmesh.chaos.verdict.ExpectationVerdict;
import io.refmesh.chaos.verdict.Result;
import io.refmesh.chaos.verdict.RunVerdict;
import io.refmesh.chaos.verdict.ScenarioVerdict;
import io.refmesh.chaos.verdict.Timeline;
import io.refmesh.chaos.verdict.Timeline.Bin;
import io.refmesh.chaos.verdict.Timeline.Mark;
import io.refmesh.chaos.verdict.Timeline.Span;
import java.io.StringReader;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class HtmlReportTest {

  private static final String HOSTILE =
      "</title></style></script><script>alert(1)</script><img src=https://evil.example/x"
          + " onerror=alert(1)>\"'&\u0000\u001b\u202e]]>";

  @Test
  void fetchesNothing() {
    for (String page : List.of(HtmlReport.of(SampleRun.verdict()), HtmlReport.of(hostile()))) {
      Document document = parsed(page);
      Set<String> elements = new HashSet<>();
      for (Element element : all(document)) {
        elements.add(element.getTagName());
        for (String attribute :
            List.of("href", "src", "srcset", "action", "data", "poster", "background")) {
          if (element.hasAttribute(attribute)) {
            assertThat(element.getAttribute(attribute))
                .as("<" + element.getTagName() + ">")
                .matches("#.*|data:,");
          }
        }
      }
      assertThat(elements)
          .doesNotContain("img", "iframe", "object", "embed", "base", "form", "image");
      assertThat(HtmlReport.resource("report.css") + HtmlReport.resource("report.js"))
          .doesNotContain("http:", "https:", "url(", "@import", "fetch(", "import(", "innerHTML");
    }
  }

  @Test
  void keepsHostileNamesAsText() {
    String page = HtmlReport.of(hostile());

    Document document = parsed(page);
    assertThat(document.getElementsByTagName("script").getLength()).isEqualTo(1);
    assertThat(document.getElementsByTagName("script").item(0).getTextContent())
        .isEqualTo(HtmlReport.resource("report.js"));
    for (Element element : all(document)) {
      for (int i = 0; i < element.getAttributes().getLength(); i++) {
        assertThat(element.getAttributes().item(i).getNodeName())
            .doesNotStartWith("on")
            .isNotEqualTo("style");
      }
    }
    assertThat(document.getElementsByTagName("h2").item(1).getTextContent())
        .contains("<script>alert(1)</script>");
    assertThat(page).doesNotContain("\u0000", "\u001b", "\u202e", "<script>alert", "<img");
  }

  @Test
  void allowsOnlyItsOwnScriptAndStyle() {
    String page = HtmlReport.of(SampleRun.verdict());

    assertThat(page)
        .contains("default-src &#39;none&#39;")
        .containsPattern("script-src &#39;sha256-[A-Za-z0-9+/]{43}=&#39;")
        .containsPattern("style-src &#39;sha256-[A-Za-z0-9+/]{43}=&#39;")
        .doesNotContain("unsafe-inline");
  }

  @Test
  void tellsEveryExpectationWithObservedAndExpected() {
    String page = parsed(HtmlReport.of(SampleRun.verdict())).getDocumentElement().getTextContent();

    for (ScenarioVerdict scenario : SampleRun.verdict().scenarios()) {
      assertThat(page).contains(scenario.name(), scenario.title(), scenario.story());
      for (ExpectationVerdict expectation : scenario.expectations()) {
        assertThat(page).contains(expectation.id(), expectation.says(), expectation.expected());
        Observed.in(expectation.observed())
            .figures()
            .forEach(f -> assertThat(page).contains(f.name(), f.value()));
      }
      for (ControlVerdict control : scenario.negativeControls()) {
        assertThat(page).contains(control.name(), control.says(), Words.names(control.by()));
      }
    }
  }

  @Test
  void linksToPartsThatExist() {
    Document document = parsed(HtmlReport.of(SampleRun.verdict()));

    List<String> ids =
        all(document).stream()
            .map(element -> element.getAttribute("id"))
            .filter(id -> !id.isEmpty())
            .toList();
    assertThat(ids).doesNotHaveDuplicates();
    for (Element element : all(document)) {
      if (element.getAttribute("href").startsWith("#")) {
        assertThat(ids).contains(element.getAttribute("href").substring(1));
      }
      for (String id : element.getAttribute("aria-labelledby").split(" ", -1)) {
        assertThat(id.isEmpty() || ids.contains(id)).as("aria-labelledby " + id).isTrue();
      }
    }
  }

  @Test
  void drawsFaultsControlsAndLimits() {
    String page = HtmlReport.of(SampleRun.verdict());

    assertThat(page)
        .contains("negative control: no-timeout")
        .contains("fault: latency 800 ms on load \u2192 pricing, 5.5 s to 15.5 s")
        .contains("limit: p99 \u2264 600 ms")
        .contains("recovered 16.1 s");
  }

  @Test
  void keepsEveryPointInsideThePicture() {
    Timeline timeline =
        new Timeline(
            List.of(new Span("during", "real", 0, 1000)),
            List.of(new Span("early and late", "real", -5_000, 60_000)),
            List.of(new Mark("far", 10_000_000), new Mark("now", 500)),
            List.of(
                new Bin("a", 0, 0, 0, -1, -1, -1),
                new Bin("a", 500, 5, 5, 0.0001, 0.001, 9e9),
                new Bin("b", -500, 1, 0, 1, 1, 1)));

    Document document = parsed(HtmlReport.of(with(timeline)));

    for (Element element : all(document)) {
      for (String attribute : List.of("x", "x1", "x2", "y", "y1", "y2", "cx", "cy")) {
        if (element.hasAttribute(attribute)) {
          assertThat(Double.parseDouble(element.getAttribute(attribute))).isBetween(0.0, 1040.0);
        }
      }
      List<MatchResult> numbers =
          Pattern.compile("NaN|Infinity").matcher(element.getAttribute("d")).results().toList();
      assertThat(numbers).isEmpty();
    }
  }

  @Test
  void drawsNothingWhereNothingWasMeasured() {
    assertThat(HtmlReport.of(with(Timeline.EMPTY))).doesNotContain("class=\"plot\"");
  }

  private static RunVerdict with(Timeline timeline) {
    return new RunVerdict(
        "local",
        Map.of(),
        1,
        Instant.EPOCH,
        1,
        "make e2e",
        List.of(
            new ScenarioVerdict(
                "one", "t", "s", Result.PASSED, "", 1, List.of(), List.of(), timeline)));
  }

  private static RunVerdict hostile() {
    Timeline timeline =
        new Timeline(
            List.of(new Span(HOSTILE, "real", 0, 4000), new Span(HOSTILE, HOSTILE, 5000, 9000)),
            List.of(new Span(HOSTILE, HOSTILE, 1000, 2000)),
            List.of(new Mark(HOSTILE, 1500)),
            List.of(new Bin(HOSTILE, 1000, 10, 5, 1, 2, 3)));
    ScenarioVerdict scenario =
        new ScenarioVerdict(
            HOSTILE,
            HOSTILE,
            HOSTILE,
            Result.FAILED,
            HOSTILE,
            1,
            List.of(
                new ExpectationVerdict(HOSTILE, HOSTILE, HOSTILE, Result.FAILED, HOSTILE, HOSTILE),
                new ExpectationVerdict(
                    "a", HOSTILE, "all", Result.PASSED, "client.a.p99 = " + HOSTILE, HOSTILE)),
            List.of(new ControlVerdict(HOSTILE, HOSTILE, false, HOSTILE, HOSTILE)),
            timeline);
    return new RunVerdict(HOSTILE, Map.of(), 1, Instant.EPOCH, 1, HOSTILE, List.of(scenario));
  }

  /**
   * The page is written as XML too, but for its first line, its style and its script, and
   * attributes that are only named.
   */
  private static Document parsed(String page) {
    String xml =
        page.replaceFirst("<!doctype html>", "")
            .replace(
                HtmlReport.resource("report.js"),
                "<![CDATA[" + HtmlReport.resource("report.js") + "]]>");
    try {
      return DocumentBuilderFactory.newDefaultInstance()
          .newDocumentBuilder()
          .parse(new InputSource(new StringReader(xml.strip())));
    } catch (Exception e) {
      throw new AssertionError("the page is not well-formed: " + e.getMessage(), e);
    }
  }

  private static List<Element> all(Document document) {
    NodeList nodes = document.getElementsByTagName("*");
    List<Element> elements = new ArrayList<>();
    for (int i = 0; i < nodes.getLength(); i++) {
      elements.add((Element) nodes.item(i));
    }
    return elements;
  }
}
