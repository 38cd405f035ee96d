package io.refmesh.model.error;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refmesh.testkit.Golden;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;

class MeshErrorTest {

  @Test
  void hasAStableCodeAndTwoSentencesForEveryError() {
    for (MeshError error : MeshError.values()) {
      assertThat(error.code()).isEqualTo(error.name().toLowerCase(Locale.ROOT).replace('_', '-'));
      assertThat(MeshError.byCode(error.code())).isSameAs(error);
      assertThat(error.httpStatus()).as(error.code()).isBetween(400, 599);
      assertThat(error.grpcStatus()).as(error.code()).isBetween(1, 16);
      assertThat(error.meaning()).as(error.code()).endsWith(".");
      assertThat(error.check()).as(error.code()).matches(".*[.?]");
    }
  }

  @Test
  void namesTheCodeThatIsUnknown() {
    assertThatThrownBy(() -> MeshError.byCode("tired"))
        .hasMessageStartingWith("error code: tired (expected: one of ");
  }

  @Test
  void isTheReferencePage() {
    StringBuilder page = new StringBuilder();
    page.append(
        """
        # Errors made by the mesh

        Every answer that a sidecar makes itself carries its code in `x-mesh-error` (for meshed callers) and in the access log and
        metrics of both sidecars. A gRPC call gets HTTP 200 with the gRPC status. The text of the answer names the endpoint, rule or
        limit. Codes never change their meaning.

        This page is made from `MeshError`; `-Dgolden.update` writes it.

        | Code | HTTP | gRPC | What it means |
        |---|---|---|---|
        """);
    for (MeshError error : MeshError.values()) {
      page.append(
          "| [`%s`](#%s) | %d | %d | %s |\n"
              .formatted(
                  error.code(),
                  error.code(),
                  error.httpStatus(),
                  error.grpcStatus(),
                  error.meaning()));
    }
    for (MeshError error : MeshError.values()) {
      page.append(
          "\n## %s\n\n%s\n\nWhat to check: %s\n"
              .formatted(error.code(), error.meaning(), error.check()));
    }

    Golden.assertMatches(Path.of("../docs/reference/errors.md"), page.toString());
  }
}
