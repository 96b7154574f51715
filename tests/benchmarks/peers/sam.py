"""AWS SAM."""

from __future__ import annotations

from benchmarks.peers.peer import Peer

_BUCKET = "transactions-benchmark"
_STACK = ("--stack-name", "transactions")


class Sam(Peer):
    """CloudFormation, with a transform that AWS runs."""

    name = "AWS SAM"
    program = "sam"
    remark = "moto lacks its transform"

    def prepare(self, account):
        self.write("sam.yaml", "template.yaml")
        # Moto extracts a bucket from a link's path on localhost only.
        variables, config = self.shell.variables, self.shell.folder / "config"
        variables["AWS_ENDPOINT_URL"] = self.url.replace("127.0.0.1", "localhost")
        variables["AWS_CONFIG_FILE"] = str(config)
        config.write_text("[default]\ns3 =\n  addressing_style = path\n", "utf-8")
        s3 = account.session.client("s3", endpoint_url=account.url)
        s3.create_bucket(Bucket=_BUCKET)

    def fresh(self):
        return [
            *("sam", "deploy", *_STACK, "--s3-bucket", _BUCKET),
            *("--template-file", "template.yaml", "--no-confirm-changeset"),
            *("--capabilities", "CAPABILITY_IAM", "--no-fail-on-empty-changeset"),
        ]

    def change(self):
        return [*self.fresh(), "--parameter-overrides", "Memory=256"]

    def down(self):
        return ["sam", "delete", *_STACK, "--no-prompts", "--s3-bucket", _BUCKET]
