package io.refmesh.testkit;

import java.security.SecureRandom;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.ArgumentsProvider;
import org.junit.jupiter.params.support.ParameterDeclarations;

/** Gives {@link Seeds} its seeds. */
final class SeedSource implements ArgumentsProvider {

  @Override
  public Stream<? extends Arguments> provideArguments(
      ParameterDeclarations parameters, ExtensionContext context) {
    int count = context.getRequiredTestMethod().getAnnotation(Seeds.class).value();
    return seeds(count, Long.getLong(Seed.PROPERTY))
        .mapToObj(value -> Arguments.of(new Seed(value)));
  }

  static LongStream seeds(int count, @org.jspecify.annotations.Nullable Long only) {
    if (only != null) {
      return LongStream.of(only);
    }
    int fixed = (count + 1) / 2;
    // Fresh seeds are small positive numbers: they are copied by hand from a failure.
    return LongStream.concat(
        LongStream.range(0, fixed), new SecureRandom().longs(count - fixed, 1_000, 1_000_000_000));
  }
}
