"""Action service_images: copy services' images to their host, or push all images into the registry that it runs."""

from __future__ import annotations

import os
import subprocess
import tempfile

from ansible_collections.kolla_lite.core.plugins.plugin_utils.cloud_action import SERVICES, CloudAction

from kolla_lite.deploy.images import image_names, push


class ActionModule(CloudAction):
    """Copies travel over the connection of the play; pushes go from the controller's engine."""

    ARGUMENTS = {
        **SERVICES,
        "do": {"type": "str", "choices": ["copy", "push"], "default": "push"},
    }

    def act(self):
        do, names = self.arguments["do"], image_names(self.cloud)
        parts = {}
        for service, steps in self.planned("image").items():
            images = [step["name"] for step in steps if step["action"] == do]
            for image in images if not self._task.check_mode else []:
                if do == "push":
                    push(image, names[image])
                else:
                    self._copy(names[image])
            if images:
                parts[service] = {"changed": True, "images": images, "do": do}
        return {"changed": bool(parts), "services": parts}

    def _copy(self, name):
        with tempfile.TemporaryDirectory() as folder:
            archive = os.path.join(folder, "image.tar")
            subprocess.run(["docker", "save", "--output", archive, name], check=True, capture_output=True)
            self._make_tmp_path()
            try:
                there = self._connection._shell.join_path(self._connection._shell.tmpdir, "image.tar")
                self._transfer_file(archive, there)
                self.module("load_image", path=there)
            finally:
                self._remove_tmp_path(self._connection._shell.tmpdir)
