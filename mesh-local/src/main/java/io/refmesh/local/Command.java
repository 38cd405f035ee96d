package io.refmesh.local;

import io.refmesh.local.process.RefmeshHome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The command of a Workload made runnable: {@code $(NAME)} is replaced as Kubernetes does, {@code
 * java} is the JVM that the mesh runs on, and a jar that is not in the folder is looked for among
 * Refmesh's own.
 */
record Command(RefmeshHome home, Path folder) {

  private static final Pattern VARIABLE = Pattern.compile("\\$\\(([A-Za-z_][A-Za-z0-9_]*)\\)");

  List<String> expand(List<String> command, Map<String, String> environment) {
    List<String> expanded = new ArrayList<>();
    for (String word : command) {
      Matcher matcher = VARIABLE.matcher(word);
      String text =
          matcher.replaceAll(found ->
              Matcher.quoteReplacement(environment.getOrDefault(found.group(1), found.group())));
      expanded.add(text.endsWith(".jar") ? jar(text) : text);
    }
    if (expanded.getFirst().equals("java")) {
      expanded.set(0, home.java().toString());
      int jar = expanded.indexOf("-jar");
      if (jar > 0 && jar + 1 < expanded.size()) {
        expanded.addAll(jar, home.cacheOptions(Path.of(expanded.get(jar + 1))));
      }
    }
    return expanded;
  }

  private String jar(String path) {
    if (Files.exists(folder.resolve(path))) {
      return path;
    }
    Path inHome = home.directory().resolve(path);
    if (Files.exists(inHome)) {
      return inHome.toString();
    }
    String name = String.valueOf(Path.of(path).getFileName());
    Path built =
        home.directory()
            .resolve(name.substring(0, name.length() - ".jar".length()))
            .resolve("target")
            .resolve(name);
    return Files.exists(built) ? built.toString() : path;
  }
}
