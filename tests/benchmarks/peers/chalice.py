"""AWS Chalice."""

from __future__ import annotations

import json

from benchmarks.account import API_PARTS
from benchmarks.peers.peer import Peer


class Chalice(Peer):
    """Creates the function and the API; the user pool already exists."""

    name = "Chalice"
    program = "chalice"
    parts = API_PARTS
    remark = "without the user pool, which it cannot make"

    def prepare(self, account):
        pool = account.cognito.create_user_pool(PoolName="transactions")["UserPool"]
        self.shell.variables["USER_POOL_ARN"] = pool["Arn"]
        self.write("chalice_app.py", "app.py")
        (self.shell.folder / "requirements.txt").touch()
        (self.shell.folder / ".chalice").mkdir()
        self._configure(memory=128)

    def fresh(self):
        return ["chalice", "deploy", "--stage", "dev"]

    def change(self):
        self._configure(memory=256)
        return self.fresh()

    def down(self):
        return ["chalice", "delete", "--stage", "dev"]

    def _configure(self, memory):
        arn = self.shell.variables["USER_POOL_ARN"]
        config = {
            "version": "2.0",
            "app_name": "transactions",
            "lambda_memory_size": memory,
            "environment_variables": {"USER_POOL_ARN": arn},
            "stages": {"dev": {"api_gateway_stage": "dev"}},
        }
        path = self.shell.folder / ".chalice" / "config.json"
        path.write_text(json.dumps(config), "utf-8")
