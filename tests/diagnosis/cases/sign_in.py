"""Sign-ins that are refused or cannot succeed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diagnosis.call import HEALTHY
from diagnosis.world import (
    ABSENT,
    ALICE,
    CLIENT,
    POOL,
    SECRET,
    World,
    answers_of,
    pools,
)

from cognito_gw.diagnosis.rule import diagnose
from cognito_gw.diagnosis.rules import TOLD_RULES
from cognito_gw.diagnosis.rules.refusals import told_rules
from cognito_gw.diagnosis.sign_in_case import Attempt, SignInCase

if TYPE_CHECKING:
    from collections.abc import Mapping

CALLBACK = "http://localhost:8765/callback"
WRONG = "NotAuthorizedException: Incorrect username or password."
SECRET_HASH = f"Client {CLIENT} is configured with secret but SECRET_HASH was not …"
NO_FLOW = "InvalidParameterException: USER_PASSWORD_AUTH flow not enabled for this …"
USUAL = answers_of(HEALTHY, HEALTHY)
CONFIDENTIAL = USUAL["describe_user_pool_client"]["UserPoolClient"] | {
    "ClientSecret": SECRET
}
FACTORS = {"UserMFASettingList": ["SOFTWARE_TOKEN_MFA"]}


@dataclass(frozen=True)
class SignIn:
    """One sign-in and its account; both are correct unless a case changes them."""

    told: str = ""
    user: str | None = None
    auth_flow: str | None = None
    oauth_flows: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    redirect_uris: tuple[str, ...] = ()
    client_id: str | None = CLIENT
    answers: Mapping[str, Any] = field(default_factory=dict)

    def world(self):
        """Return the account."""
        return World(USUAL | dict(self.answers))

    def case(self, world=None, *, is_ours=True):
        """Return the input of the rules."""
        attempt = Attempt(
            "web",
            self.user,
            auth_flow=self.auth_flow,
            oauth_flows=self.oauth_flows,
            scopes=self.scopes,
            redirect_uris=self.redirect_uris,
            told=self.told,
        )
        aws = world or self.world()
        return SignInCase(aws, POOL, self.client_id, attempt, is_ours=is_ours)

    def diagnosed(self, world=None, *, is_ours=True):
        """Return the findings of all rules."""
        return diagnose(TOLD_RULES, self.case(world, is_ours=is_ours))


def user(status="CONFIRMED", **more):
    """Return a response of AdminGetUser."""
    return {"admin_get_user": {"UserStatus": status, "Enabled": True} | more}


def of(status, **more):
    """Return the sign-in of a user in this state."""
    return SignIn(WRONG, ALICE, answers=user(status, **more))


# Problem: the first code, the evidence, and the sign-in.
CASES = {
    "no app client": (
        "client-missing",
        {"user pool": POOL, "app client": "web"},
        SignIn(answers={"describe_user_pool_client": ABSENT}),
    ),
    "an app client that was never made": (
        "client-missing",
        {"user pool": POOL, "app client": "web"},
        SignIn(client_id=None),
    ),
    "no domain": (
        "domain-missing",
        {"user pool": POOL, "Domain": None},
        SignIn(
            redirect_uris=(CALLBACK,),
            answers={"describe_user_pool": pools(POOL, Domain=None)},
        ),
    ),
    "a flow of OAuth": (
        "flow-not-enabled",
        {"flow": "implicit", "allowed": "code"},
        SignIn(oauth_flows=("code", "implicit")),
    ),
    "a flow by API": (
        "flow-not-enabled",
        {
            "flow": "USER_PASSWORD_AUTH",
            "allowed": "ALLOW_USER_SRP_AUTH, ALLOW_REFRESH_TOKEN_AUTH",
        },
        SignIn(auth_flow="USER_PASSWORD_AUTH"),
    ),
    "told of a flow": ("flow-not-enabled", {"told": NO_FLOW}, SignIn(NO_FLOW)),
    "told of a grant": (
        "flow-not-enabled",
        {"told": "unauthorized_client"},
        SignIn("unauthorized_client"),
    ),
    "a scope": (
        "scope-not-allowed",
        {"asked for": "orders/read", "allowed": "openid transactions/read"},
        SignIn(scopes=("openid", "orders/read")),
    ),
    "told of a scope": (
        "scope-not-allowed",
        {"allowed": "openid transactions/read"},
        SignIn("invalid_request invalid_scope"),
    ),
    "told of a secret hash": (
        "client-secret-required",
        {"told": SECRET_HASH, "app client": "has a secret"},
        SignIn(
            SECRET_HASH,
            answers={"describe_user_pool_client": {"UserPoolClient": CONFIDENTIAL}},
        ),
    ),
    "another callback": (
        "callback-mismatch",
        {"sent": f"{CALLBACK}/", "nearest": CALLBACK},
        SignIn(redirect_uris=(f"{CALLBACK}/",)),
    ),
    "told of a callback": (
        "callback-mismatch",
        {"sent": "not told"},
        SignIn("redirect_mismatch"),
    ),
    "no user": (
        "user-missing",
        {"user": ALICE, "user pool": POOL},
        SignIn(WRONG, ALICE, answers={"admin_get_user": ABSENT}),
    ),
    "a disabled user": (
        "user-disabled",
        {"user": ALICE, "UserStatus": "CONFIRMED", "Enabled": False},
        of("CONFIRMED", Enabled=False),
    ),
    "an unconfirmed user": (
        "user-unconfirmed",
        {"user": ALICE, "UserStatus": "UNCONFIRMED"},
        of("UNCONFIRMED"),
    ),
    "a password that was reset": (
        "password-reset-required",
        {"UserStatus": "RESET_REQUIRED"},
        of("RESET_REQUIRED"),
    ),
    "a password for once": (
        "new-password-required",
        {"UserStatus": "FORCE_CHANGE_PASSWORD"},
        of("FORCE_CHANGE_PASSWORD"),
    ),
    "a second factor": (
        "mfa-required",
        {"pool": "OPTIONAL", "user's factors": "SOFTWARE_TOKEN_MFA"},
        SignIn(
            "SOFTWARE_TOKEN_MFA is asked for",
            ALICE,
            answers=user(**FACTORS)
            | {"describe_user_pool": pools(POOL, MfaConfiguration="OPTIONAL")},
        ),
    ),
    "another password": ("wrong-password", {"told": WRONG}, of("CONFIRMED")),
}
RECORDED = Path(__file__).parents[2] / "recorded" / "cognito_refusals.json"
REFUSALS = json.loads(RECORDED.read_text(encoding="utf-8"))["refusals"]
WORDS = {row["code"]: row["text"] for row in reversed(REFUSALS)}
CASES |= {
    f"told: {rule.code}": (
        rule.code,
        {"told": WORDS[rule.code]},
        SignIn(WORDS[rule.code]),
    )
    for rule in told_rules()
}
