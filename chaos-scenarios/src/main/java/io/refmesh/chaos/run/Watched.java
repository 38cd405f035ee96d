package io.refmesh.chaos.run;

import io.refmesh.chaos.mesh.GroupMesh;
import io.refmesh.chaos.mesh.HttpJson;
import io.refmesh.chaos.mesh.ShopFolder;
import io.refmesh.chaos.observe.AppTarget;
import io.refmesh.chaos.observe.SidecarTarget;
import java.io.IOException;
import java.util.List;

/** What of a mesh can be looked at, as it is now. */
record Watched(GroupMesh mesh, HttpJson http) {

  List<SidecarTarget> sidecars() {
    return mesh.running().stream()
        .map(i -> new SidecarTarget(i.name(), i.workload(), i.admin()))
        .toList();
  }

  List<AppTarget> apps() {
    return mesh.running().stream()
        .filter(i -> !i.workload().equals(ShopFolder.LOAD))
        .map(i -> new AppTarget(i.name(), i.workload(), i.applicationAdmin()))
        .toList();
  }

  /** Empties the shop's records and ledgers; to be called while there is no load. */
  void resetShop() throws IOException, InterruptedException {
    for (AppTarget app : apps()) {
      http.send("POST", app.adminUrl() + "/reset", "");
    }
  }
}
