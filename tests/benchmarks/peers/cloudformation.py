"""`aws cloudformation deploy`."""

from __future__ import annotations

from benchmarks.peers.peer import Peer

_STACK = ("--stack-name", "transactions")


class CloudFormation(Peer):
    """AWS itself creates the stack; only status requests are round trips."""

    name = "CloudFormation"
    program = "aws"
    remark = "its stack is made inside moto, without latency"

    def prepare(self, account):  # noqa: ARG002 - nothing is to be made
        self.write("cloudformation.yaml", "template.yaml")

    def fresh(self):
        return [
            *("aws", "cloudformation", "deploy", *_STACK),
            *("--template-file", "template.yaml", "--no-fail-on-empty-changeset"),
            *("--capabilities", "CAPABILITY_NAMED_IAM"),
        ]

    def change(self):
        return [*self.fresh(), "--parameter-overrides", "Memory=256"]

    def down(self):
        delete = f"aws cloudformation delete-stack {' '.join(_STACK)}"
        wait = f"aws cloudformation wait stack-delete-complete {' '.join(_STACK)}"
        return ["sh", "-c", f"{delete} && {wait}"]
