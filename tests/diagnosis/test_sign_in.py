"""Why a sign-in fails, from the error text and from what AWS reports."""

from __future__ import annotations

import pytest
from diagnosis.call import codes
from diagnosis.cases.sign_in import CALLBACK, CONFIDENTIAL, WRONG, SignIn, of, user
from diagnosis.world import ABSENT, ALICE, CLIENT, pools

from cognito_gw.diagnosis.sign_in_case import Attempt

WEB = CONFIDENTIAL | {"ClientSecret": None}


def client(**changes):
    """Return a response of DescribeUserPoolClient."""
    return {"describe_user_pool_client": {"UserPoolClient": WEB | changes}}


@pytest.mark.parametrize(
    ("told", "answers", "code"),
    [
        (
            "NotAuthorizedException: Unable to verify secret hash",
            {},
            "client-secret-required",
        ),
        (
            "NotAuthorizedException: Unable to verify secret hash for client",
            client(ClientSecret="s"),
            "client-secret-required",
        ),
        ("invalid_client", client(ClientSecret="s"), "client-secret-required"),
        ("invalid_client_secret", client(ClientSecret="s"), "client-secret-required"),
        ("USER_SRP_AUTH flow not enabled for this client", {}, "flow-not-enabled"),
        ("error=unauthorized_client", {}, "flow-not-enabled"),
        ("error=invalid_scope", {}, "scope-not-allowed"),
        ("error=redirect_mismatch", {}, "callback-mismatch"),
        ("LimitExceededException: Password attempts exceeded", {}, "wrong-password"),
        ("incorrect USERNAME or password.", {}, "wrong-password"),
        ("the challenge SMS_MFA has to be answered", {}, "mfa-required"),
        ("the challenge EMAIL_OTP has to be answered", {}, "mfa-required"),
        ("alice has to set up MFA_SETUP", {}, "mfa-required"),
        ("something else", {}, None),
    ],
)
def test_error_texts_lead_to_the_cause(told, answers, code):
    """Case-insensitively."""
    attempt = SignIn(told, ALICE, answers=answers)
    assert codes(attempt.diagnosed()) == ([code] if code else [])


@pytest.mark.parametrize(
    ("told", "first"),
    [
        ("The security token included in the request is invalid.", "AWS"),
        ("error=server_error", "Cognito"),
        ("User is not confirmed.", "the"),
    ],
)
def test_names_keep_their_capitals_in_a_summary(told, first):
    """The first word of other summaries starts within a sentence."""
    assert SignIn(told, ALICE).diagnosed().causes[0].summary.split()[0] == first


@pytest.mark.parametrize(
    ("flows", "asked", "allowed"),
    [
        (["ALLOW_USER_PASSWORD_AUTH"], "USER_PASSWORD_AUTH", True),
        (["ALLOW_USER_PASSWORD_AUTH"], "USER_SRP_AUTH", False),
        (["USER_PASSWORD_AUTH"], "USER_PASSWORD_AUTH", True),
        (["USER_PASSWORD_AUTH"], "USER_SRP_AUTH", True),
        ([], "USER_SRP_AUTH", True),
        (None, "USER_AUTH", False),
        (["ALLOW_USER_AUTH"], "USER_AUTH", True),
    ],
)
def test_a_flow_by_api_is_held_against_the_app_client(flows, asked, allowed):
    """Including AWS's older names and implied flows."""
    attempt = SignIn(auth_flow=asked, answers=client(ExplicitAuthFlows=flows))
    assert codes(attempt.diagnosed()) == ([] if allowed else ["flow-not-enabled"])


def test_oauth_flows_have_a_separate_switch():
    """Without it, none of the listed flows is allowed."""
    answers = client(AllowedOAuthFlowsUserPoolClient=False)
    attempt = SignIn(oauth_flows=("code",), answers=answers)
    assert codes(attempt.diagnosed()) == ["flow-not-enabled"]


@pytest.mark.parametrize(
    ("url", "nearest"),
    [
        ("http://localhost:8765/callback/", CALLBACK),
        ("https://localhost:8765/callback", CALLBACK),
        ("http://127.0.0.1:8765/callback", CALLBACK),
        ("http://localhost:8766/callback", CALLBACK),
        ("http://localhost:8765/Callback", CALLBACK),
        ("https://app.example.com", "https://app.example.com/"),
    ],
)
def test_callbacks_are_compared_to_the_letter(url, nearest):
    """The most similar one is shown next to it."""
    (cause,) = SignIn(redirect_uris=(CALLBACK, url)).diagnosed().causes
    assert cause.code == "callback-mismatch"
    assert cause.evidence["sent"] == url
    assert cause.evidence["nearest"] == nearest


def test_an_app_client_may_have_no_callback():
    """Then there is nothing similar."""
    attempt = SignIn(redirect_uris=(CALLBACK,), answers=client(CallbackURLs=[]))
    (cause,) = attempt.diagnosed().causes
    assert cause.evidence == {"sent": CALLBACK, "nearest": "none", "registered": "none"}


@pytest.mark.parametrize("domain", ["Domain", "CustomDomain"])
def test_either_domain_is_enough_for_the_pages(domain):
    """Cognito's own or a custom domain."""
    names = {"Domain": None, "CustomDomain": None} | {domain: "shop"}
    answers = {"describe_user_pool": pools("eu-west-1_Pool", **names)}
    attempt = SignIn(redirect_uris=(CALLBACK,), answers=answers)
    assert codes(attempt.diagnosed()) == []


def test_sign_in_by_api_needs_no_domain():
    """The user pool is not read for one."""
    attempt = SignIn(user=ALICE, auth_flow="USER_SRP_AUTH")
    world = attempt.world()
    assert codes(attempt.diagnosed(world)) == []
    assert "describe_user_pool" not in world.names


@pytest.mark.parametrize(
    ("attempt", "found"),
    [
        (of("CONFIRMED", Enabled=False), ["user-disabled"]),
        (of("UNCONFIRMED", Enabled=False), ["user-disabled", "user-unconfirmed"]),
        (of("RESET_REQUIRED"), ["password-reset-required"]),
        (of("EXTERNAL_PROVIDER"), ["wrong-password"]),
        (of("UNKNOWN"), ["wrong-password"]),
        (SignIn(WRONG, ALICE, answers={"admin_get_user": ABSENT}), ["user-missing"]),
        (SignIn(WRONG), ["wrong-password"]),
    ],
    ids=["disabled", "twice", "reset", "federated", "unknown", "missing", "nobody"],
)
def test_a_password_is_wrong_only_where_nothing_else_is(attempt, found):
    """Cognito gives the same response for unknown users."""
    assert codes(attempt.diagnosed()) == found


def test_a_user_is_read_only_where_one_signs_in():
    """A machine has no user."""
    world = SignIn().world()
    SignIn().diagnosed(world)
    assert world.names == {"describe_user_pool_client"}


def test_an_app_client_that_is_missing_is_one_cause():
    """The settings of a missing client are irrelevant."""
    attempt = SignIn(
        "redirect_mismatch, invalid_scope",
        oauth_flows=("implicit",),
        redirect_uris=(CALLBACK,),
        answers={"describe_user_pool_client": ABSENT},
    )
    diagnosis = attempt.diagnosed()
    assert codes(diagnosis) == ["client-missing"]
    ruled_out = {cause["code"] for cause in diagnosis.ruled_out}
    assert "callback-mismatch" not in ruled_out


def test_an_app_client_that_is_missing_rules_nothing_out():
    """A missing client neither allows a flow nor has a secret."""
    answers = {"describe_user_pool_client": ABSENT}
    attempt = SignIn("told", oauth_flows=("implicit",), answers=answers)
    ruled_out = {cause["code"] for cause in attempt.diagnosed().ruled_out}
    assert not ruled_out & {"flow-not-enabled", "client-secret-required"}


@pytest.mark.parametrize(
    ("attempt", "name"),
    [(Attempt("web"), "web"), (Attempt(), CLIENT)],
)
def test_an_app_client_goes_by_its_name_in_the_file_or_by_its_id(attempt, name):
    """Whichever is known."""
    case = SignIn().case()
    case.attempt = attempt
    assert case.place["client"] == name


def test_a_second_factor_is_named_with_or_without_a_user():
    """The text is enough."""
    told = "SOFTWARE_TOKEN_MFA"
    assert codes(SignIn(told).diagnosed()) == ["mfa-required"]
    assert codes(SignIn(told, ALICE, answers=user()).diagnosed()) == ["mfa-required"]


def test_a_similar_user_name_is_suggested():
    """By the email addresses and names of the pool's users, if readable."""
    email = {"Name": "email", "Value": "alice@example.com"}
    users = {"Users": [{"Username": "0-1", "Attributes": [email]}]}
    answers = {"admin_get_user": ABSENT, "list_users": users}
    (cause,) = SignIn(WRONG, "alice", answers=answers).diagnosed().causes
    assert cause.summary == (
        "the user pool has no user alice; did you mean `alice@example.com`?"
    )
