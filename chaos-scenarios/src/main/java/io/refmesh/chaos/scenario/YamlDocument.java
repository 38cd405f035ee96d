package io.refmesh.chaos.scenario;

import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Node;

/** The one document of a file, as nodes that know where they stand. */
final class YamlDocument {

  /** Characters of one file; scenarios are written by hand, so more is a mistake. */
  private static final int CHARACTERS_MAX = 1024 * 1024;

  private YamlDocument() {}

  static Node compose(String file, String text) throws BadScenarioException {
    Findings findings = new Findings(file);
    LoadSettings settings =
        LoadSettings.builder().setLabel(file).setCodePointLimit(CHARACTERS_MAX).build();
    try {
      Iterator<Node> documents = new Compose(settings).composeAllFromString(text).iterator();
      Optional<Node> document =
          documents.hasNext() ? Optional.of(documents.next()) : Optional.empty();
      if (document.isPresent() && !documents.hasNext()) {
        return document.get();
      }
      findings.add(
          1,
          1,
          "",
          (document.isEmpty() ? "nothing" : "several documents") + " (expected: one document)");
    } catch (MarkedYamlEngineException e) {
      findings.add(
          e.getProblemMark().map(mark -> mark.getLine() + 1).orElse(0),
          e.getProblemMark().map(mark -> mark.getColumn() + 1).orElse(0),
          "",
          "not YAML: " + e.getProblem() + " (expected: one document of YAML 1.2)");
    } catch (YamlEngineException e) {
      findings.add(
          0, 0, "", "not YAML: " + e.getMessage() + " (expected: one document of YAML 1.2)");
    }
    throw new BadScenarioException(findings.mistakes());
  }

  /** The places of a list of mistakes as an exception. */
  static void throwIfAny(Findings findings) throws BadScenarioException {
    List<String> mistakes = findings.mistakes();
    if (!mistakes.isEmpty()) {
      throw new BadScenarioException(mistakes);
    }
  }
}
