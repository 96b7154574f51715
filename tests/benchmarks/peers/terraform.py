"""Terraform with its AWS provider, and its state in a local file."""

from __future__ import annotations

import zipfile

from benchmarks.peers.peer import STACKS, Peer


class Terraform(Peer):
    """`init` is not measured: the provider is already installed."""

    name = "Terraform"
    program = "terraform"

    def prepare(self, account):  # noqa: ARG002 - nothing is to be made
        self.write("main.tf", "main.tf")
        with zipfile.ZipFile(self.shell.folder / "handler.zip", "w") as code:
            code.write(STACKS / "handler.py", "handler.py")
        variables = self.shell.variables
        variables["TF_VAR_endpoint"] = self.url
        variables["TF_VAR_password"] = variables["CGW_ALICE_PASSWORD"]
        plugins = self.options.get("terraform_plugins")
        where = [f"-plugin-dir={plugins}"] if plugins else []
        self.shell.read("terraform", "init", "-input=false", "-no-color", *where)

    def fresh(self):
        return self._apply("apply")

    def change(self):
        return [*self._apply("apply"), "-var=memory=256"]

    def down(self):
        return self._apply("destroy")

    def _apply(self, verb):
        return ["terraform", verb, "-auto-approve", "-input=false", "-no-color"]
