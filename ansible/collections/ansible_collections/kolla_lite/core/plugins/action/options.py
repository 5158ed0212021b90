"""Action options: ask services, in their images, whether they know the options in files that the plan would write."""

from __future__ import annotations

from ansible_collections.kolla_lite.core.plugins.plugin_utils.cloud_action import PLAN_FACT, CloudAction

from kolla_lite.config.options import COMMAND
from kolla_lite.deploy.desired import CONFIG_ROOT
from kolla_lite.deploy.options import ask_here, inquiries
from kolla_lite.errors import raise_all


class ActionModule(CloudAction):
    """Fails with the operator's file and line before anything changes; what is only deprecated comes in `cautions`.

    Asked is the image that the container will have: on the host, or here when the host does not have it yet.
    """

    ARGUMENTS = {}

    def act(self):
        self.images = self.task_vars[PLAN_FACT]["images"]
        steps = self.task_vars[PLAN_FACT]["steps"]
        anew = {step["name"] for step in steps if step["action"] in ("create", "write", "recreate")}

        def wanted(container, file):
            return container in anew or "{0}/{1}/{2}".format(CONFIG_ROOT, container, file) in anew

        services = sorted({step["service"] for step in steps})
        found = inquiries(self.cloud, [self.cloud.hosts[self.host]], services, wanted) if services else []
        answers = list(zip(found, self._answers_there(found), strict=True))
        here = iter(ask_here([inquiry for inquiry, answer in answers if answer is None], self.images))
        verdicts = [inquiry.verdict(next(here) if answer is None else answer) for inquiry, answer in answers]
        raise_all([error for verdict in verdicts for error in verdict.errors])
        return {"changed": False, "cautions": [str(error) for verdict in verdicts for error in verdict.warnings]}

    def _answers_there(self, found):
        """What the host's images say; None of what is to be asked here."""
        local = self.cloud.hosts[self.host].connection == "local"
        questions = {
            number: {"image": inquiry.image, "wanted": self.images.get(inquiry.image), "input": inquiry.question}
            for number, inquiry in enumerate(found)
            if not local or self.images.get(inquiry.image) is None
        }
        answers = [None] * len(found)
        if questions:
            self._play_context.no_log = True  # or the connection prints at -vvv what the files hold
            told = self.module("ask_images", command=list(COMMAND), questions=list(questions.values()))
            for number, output in zip(questions, told["outputs"], strict=True):
                answers[number] = output
        return answers
