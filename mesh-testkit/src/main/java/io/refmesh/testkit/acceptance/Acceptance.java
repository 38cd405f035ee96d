package io.refmesh.testkit.acceptance;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Says which cases of the acceptance table a test proves: {@code @Acceptance({133, 135})}. The test
 * runs with all others, and by {@code make acceptance}, which writes docs/reference/acceptance.md
 * from what these tests ended with. A case that needs several tests is marked on each of them.
 */
@Target({ElementType.METHOD, ElementType.ANNOTATION_TYPE})
@Retention(RetentionPolicy.RUNTIME)
@Tag("acceptance")
@ExtendWith(AcceptanceRecord.class)
public @interface Acceptance {

  /** The numbers of the cases, as in {@code cases.txt}. */
  int[] value();
}
