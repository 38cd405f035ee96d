package io.refmesh.shop;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** Which service of the shop a process is. */
enum Role {
  WEB,
  CATALOG,
  CART,
  PRICING,
  LEDGER;

  String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  static String words() {
    return Arrays.stream(values()).map(Role::word).collect(Collectors.joining(", "));
  }
}
