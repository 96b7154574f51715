"""Where moto is put right: every entry names the AWS behaviour that it restores.

moto answers a call differently from AWS in three ways, and an entry mends it in the
same three: it `refuses` what moto lets through, `answers` what moto cannot, or `amends`
what moto answers incompletely. One file holds one part of one service. An entry that a
later moto makes needless is simply deleted.
"""

# ruff: noqa: F401 - an entry is registered when its file is imported
from cognito_gw.local import iam, logs, tagging
from cognito_gw.local.apigateway import export
from cognito_gw.local.apigateway.operations import (
    authorizers,
    deployments,
    methods,
    rest_apis,
    unenforced,
)
from cognito_gw.local.awslambda import operations
from cognito_gw.local.cognito.operations import clients, pools, users
from cognito_gw.local.operations import SERVICES

__all__ = ["SERVICES"]
