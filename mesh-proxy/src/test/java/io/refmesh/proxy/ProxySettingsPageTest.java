package io.refmesh.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The page of settings names those that the proxy reads, all of them and no others. */
class ProxySettingsPageTest {

  private static final Pattern READ = Pattern.compile("\"(REFMESH_[A-Z_]+)\"");
  private static final Pattern TOLD = Pattern.compile("`(REFMESH_[A-Z_]+)`");

  @Test
  void namesEverySettingAndNoOther() throws IOException {
    String reader = Files.readString(Path.of("src/main/java/io/refmesh/proxy/ProxyConfig.java"));
    String page = Files.readString(Path.of("../docs/reference/proxy-settings.md"));
    assertThat(names(TOLD, page)).isEqualTo(names(READ, reader));
  }

  private static TreeSet<String> names(Pattern pattern, String text) {
    return pattern
        .matcher(text)
        .results()
        .map(found -> found.group(1))
        .collect(Collectors.toCollection(TreeSet::new));
  }
}
