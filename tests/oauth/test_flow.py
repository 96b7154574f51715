"""How cgw chooses a flow: by the request, the app client, and what the flow returns."""

from __future__ import annotations

import pytest

from cognito_gw.errors import UsageError
from cognito_gw.oauth.app_client import AppClient
from cognito_gw.oauth.flows import choose

SRP, PASSWORD, CHOICE = (
    "ALLOW_USER_SRP_AUTH",
    "ALLOW_USER_PASSWORD_AUTH",
    "ALLOW_USER_AUTH",
)
API_SCOPE = "aws.cognito.signin.user.admin"


def client(explicit=(), oauth=()):
    """Return an app client that allows these flows."""
    settings = {
        "ExplicitAuthFlows": [*explicit, "ALLOW_REFRESH_TOKEN_AUTH"],
        "AllowedOAuthFlows": list(oauth),
        "AllowedOAuthFlowsUserPoolClient": bool(oauth),
    }
    return AppClient("eu-west-1_a", "c", settings=settings)


# The client's API and OAuth flows, the request, the scopes, and the flow chosen.
CASES = [
    ([SRP, PASSWORD], ["code"], "auto", [], "srp"),
    ([PASSWORD, CHOICE], ["code"], "auto", [], "password"),
    ([CHOICE], ["code"], "auto", [], "choice"),
    ([], ["code", "implicit"], "auto", [], "browser"),
    ([], ["implicit"], "auto", [], "implicit"),
    ([], ["client_credentials"], "auto", [], "client-credentials"),
    ([SRP], ["client_credentials"], "auto", [], "client-credentials"),
    ([SRP], ["code"], "auto", ["api/read"], "browser"),
    ([SRP], ["code"], "auto", ["openid"], "browser"),
    ([SRP], ["code"], "auto", [API_SCOPE], "srp"),
    ([SRP], ["code"], "auto", [API_SCOPE, "api/read"], "browser"),
    ([], ["client_credentials"], "auto", ["api/read"], "client-credentials"),
    ([SRP, PASSWORD], ["code"], "password", [], "password"),
    ([SRP, PASSWORD], ["code"], "password", ["api/read"], "browser"),
    ([SRP, PASSWORD], ["code"], "srp", ["api/read"], "browser"),
    ([SRP], ["code"], "browser", [], "browser"),
    ([SRP], ["code", "implicit"], "implicit", ["api/read"], "implicit"),
]


@pytest.mark.parametrize(("explicit", "oauth", "asked", "scopes", "flow"), CASES)
def test_the_flow_that_is_allowed_and_gives_what_is_wanted(
    explicit, oauth, asked, scopes, flow
):
    """With a reason for `-v`."""
    chosen = choose(client(explicit, oauth), asked, scopes)
    assert chosen.flow == flow
    assert chosen.because


def test_the_reason_against_a_password_is_reported():
    """It names the scope that no API sign-in grants."""
    chosen = choose(client([SRP], ["code"]), "password", ["openid", "api/read"])
    assert chosen.because == "an API sign-in does not give openid, api/read"


@pytest.mark.parametrize(
    ("asked", "lacks"),
    [
        ("srp", "`auth_flows` lacks srp"),
        ("choice", "`auth_flows` lacks choice"),
        ("browser", "`oauth_flows` lacks code"),
        ("implicit", "`oauth_flows` lacks implicit"),
        ("client-credentials", "`oauth_flows` lacks client_credentials"),
    ],
)
def test_a_flow_that_the_client_does_not_allow_is_refused(asked, lacks):
    """Before any request, with the setting that would allow it."""
    with pytest.raises(UsageError) as caught:
        choose(client([PASSWORD]), asked, [])
    assert str(caught.value).endswith(lacks)


def test_nothing_is_left_where_only_pages_would_do_and_there_are_none():
    """The error lists the flows that would grant the scope."""
    with pytest.raises(UsageError, match="browser, implicit, client-credentials"):
        choose(client([SRP]), "auto", ["api/read"])


@pytest.mark.parametrize("asked", ["srp", "browser", "client-credentials"])
def test_where_aws_was_not_asked_anything_may_be_tried(asked):
    """Cognito refuses flows that the client does not allow."""
    unknown = AppClient("eu-west-1_a", "c")
    assert choose(unknown, asked, []).flow == asked
    assert choose(unknown, "auto", []).flow == "srp"
    assert choose(unknown, "auto", ["api/read"]).flow == "browser"


@pytest.mark.parametrize(
    ("flows", "allowed"),
    [
        (None, {"USER_SRP_AUTH", "REFRESH_TOKEN_AUTH"}),
        ([], {"USER_SRP_AUTH", "REFRESH_TOKEN_AUTH"}),
        (["ALLOW_USER_AUTH"], {"USER_AUTH"}),
        # The older names imply SRP and refresh.
        (
            ["USER_PASSWORD_AUTH"],
            {"USER_PASSWORD_AUTH", "USER_SRP_AUTH", "REFRESH_TOKEN_AUTH"},
        ),
    ],
)
def test_what_a_list_of_flows_allows(flows, allowed):
    """As Cognito reads it, including defaults and older names."""
    every = {"USER_SRP_AUTH", "USER_PASSWORD_AUTH", "USER_AUTH", "REFRESH_TOKEN_AUTH"}
    settings = {} if flows is None else {"ExplicitAuthFlows": flows}
    described = AppClient("eu-west-1_a", "c", settings=settings)
    assert {each for each in every if described.allows(each)} == allowed
