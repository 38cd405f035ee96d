package io.refmesh.local.network;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * A network namespace that has a name: code runs in it on a thread of its own, by {@code setns(2)},
 * which is about the calling thread alone. For root on Linux.
 */
public record NetworkNamespace(String name) {

  private static final Path NAMESPACES = Path.of("/run/netns");
  private static final int CLONE_NEWNET = 0x40000000;
  private static final int READ_ONLY = 0;

  /** Loaded with the first call: nothing of this is needed elsewhere. */
  private static final class Calls {

    static final MethodHandle OPEN =
        function(
            "open",
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT),
            Linker.Option.firstVariadicArg(2));
    static final MethodHandle SETNS =
        function(
            "setns",
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    static final MethodHandle CLOSE =
        function("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));

    private static MethodHandle function(
        String name, FunctionDescriptor descriptor, Linker.Option... options) {
      Linker linker = Linker.nativeLinker();
      return linker.downcallHandle(
          linker.defaultLookup().find(name).orElseThrow(), descriptor, options);
    }
  }

  /** Runs {@code task} in the namespace; sockets that it opens belong there. Blocks. */
  public <T> T call(Callable<T> task) throws IOException, InterruptedException {
    CompletableFuture<T> result = new CompletableFuture<>();
    Thread.ofPlatform()
        .daemon()
        .name(name)
        .start(() -> {
          try {
            enter();
            result.complete(task.call());
          } catch (Throwable e) {
            result.completeExceptionally(e);
          }
        });
    try {
      return result.get();
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      throw cause instanceof IOException failure
          ? failure
          : new IOException("in the network namespace " + name + ": " + cause, cause);
    }
  }

  private void enter() throws Throwable {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment path = arena.allocateFrom(NAMESPACES.resolve(name).toString());
      int descriptor = (int) Calls.OPEN.invokeExact(path, READ_ONLY);
      int entered = (int) Calls.SETNS.invokeExact(descriptor, CLONE_NEWNET);
      int closed = (int) Calls.CLOSE.invokeExact(descriptor);
      if (entered != 0 || closed != 0) {
        throw new IOException("the network namespace " + name + " cannot be entered");
      }
    }
  }
}
