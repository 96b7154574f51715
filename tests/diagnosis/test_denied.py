"""Facts that the caller may not read: the diagnosis lists them and shows the rest."""

from __future__ import annotations

import pytest
from diagnosis.call import NOT_SIGNED, Call, codes
from diagnosis.cases import authorizers, functions, routes, sign_in, tokens
from diagnosis.cases.everything import BOTH, diagnosed, over
from fakes import refusal

READS = [
    "get_stages",
    "get_export",
    "get_resources",
    "get_authorizers",
    "describe_user_pool",
    "get_function",
    "get_policy",
    "filter_log_events",
    "describe_user_pool_client",
    "admin_get_user",
]
API_READS = ("get_stages", "get_export", "get_resources", "get_authorizers")


def denied(case, *reads):
    """Return a case's account in which these facts are unreadable."""
    world = case.world()
    for read in reads:
        words = f"User: me is not authorized to perform: some:{read} on it"
        world.answers[read] = refusal("AccessDeniedException", words, read, 403)
    return world


def told(case, *reads):
    """Return the diagnosis of a case in which these facts are unreadable."""
    return case.diagnosed(denied(case, *reads))


@over(BOTH)
def test_a_cause_that_cannot_be_read_is_listed_as_possible(name):
    """With the fact that could not be read, and the reason."""
    code, _, case = BOTH[name]
    for read in diagnosed(name)[1].names:
        diagnosis = told(case, read)
        maybe = [code for each in diagnosis.unknown for code in each["codes"]]
        assert code in [*codes(diagnosis), *maybe]
        assert not {*codes(diagnosis)} & {*maybe}
        assert not {cause["code"] for cause in diagnosis.ruled_out} & {*maybe}
        for each in diagnosis.unknown:
            assert each.keys() == {"what", "why", "codes"}
            assert each["what"][0].islower()
            assert each["why"].startswith(f"the caller may not do some:{read}: User")


@over(BOTH)
def test_nothing_at_all_may_be_read(name):
    """The diagnosis reports this and does not fail."""
    code, _, case = BOTH[name]
    diagnosis = told(case, *READS)
    maybe = [code for each in diagnosis.unknown for code in each["codes"]]
    assert code in [*codes(diagnosis), *maybe]
    names = [fact["what"] for fact in diagnosis.unknown]
    assert len(names) == len({*names})


ALIKE = {
    name: case
    for name, case in (tokens.CASES | authorizers.CASES).items()
    if case[2].status == 401 and case[2].draft is None
}


@over(ALIKE.values())
def test_if_the_export_is_denied_the_draft_describes_the_method(code, evidence, call):
    """The deployed version is most likely the same."""
    first = told(call, "get_export").causes[0]
    assert first.code == code
    assert evidence.items() <= first.evidence.items()


TRUSTS_ANOTHER = "the authorizer trusts another pool"
WITHOUT_DRAFT = {name: case for name, case in ALIKE.items() if name != TRUSTS_ANOTHER}


@over(
    (*case, read)
    for case in WITHOUT_DRAFT.values()
    for read in ("get_resources", "get_authorizers")
)
def test_if_the_draft_is_denied_the_export_is_enough(code, evidence, call, read):
    """The draft only shows whether a deployment would fix the problem."""
    diagnosis = told(call, read)
    first = diagnosis.causes[0]
    assert first.code == code
    assert evidence.items() <= first.evidence.items()
    (unknown,) = diagnosis.unknown
    assert "authorizer-not-deployed" in unknown["codes"]


BARE = {
    name: case
    for name, case in tokens.CASES.items()
    if case[0] not in ("wrong-pool", "bad-signature")
    and case[2].status == 401  # another response leaves fewer causes
}


@over((code, call) for code, _, call in BARE.values())
def test_a_token_alone_shows_its_problem(code, call):
    """Even if neither the stage nor the draft describes the method."""
    diagnosis = told(call, *API_READS)
    assert codes(diagnosis) == [code]
    maybe = {code for each in diagnosis.unknown for code in each["codes"]}
    assert {"authorizer-not-deployed", "authorizer-missing", "wrong-client"} <= maybe


def test_unread_facts_rule_nothing_out():
    """A call that was not sent, to an unknown API."""
    diagnosis = told(Call({"exp": None}, status=None), *READS)
    ruled_out = {cause["code"] for cause in diagnosis.ruled_out}
    assert ruled_out <= {
        "wrong-header",
        "no-token",
        "malformed-token",
        "expired-token",
        "not-yet-valid",
        "token-too-large",
    }


SPOKEN = [
    (*functions.CASES["too many calls"], "get_stages"),
    (*functions.CASES["too slow for the API"], "get_function"),
    (*functions.CASES["too slow for the API"], "get_export get_resources"),
    (*functions.CASES["permission for another path"], "get_function"),
    (*functions.CASES["it raises"], "get_function"),
    (*authorizers.CASES[TRUSTS_ANOTHER], "describe_user_pool"),
    (*authorizers.CASES[TRUSTS_ANOTHER], "get_resources"),
    (*routes.CASES["no path"], "get_export"),
    (*routes.CASES["a method that is not deployed"], "get_export"),
    (*sign_in.CASES["a second factor"], "admin_get_user"),
    (*sign_in.CASES["a second factor"], "describe_user_pool"),
    (*sign_in.CASES["told of a flow"], "describe_user_pool_client"),
    (*sign_in.CASES["told of a secret hash"], "describe_user_pool_client"),
    (*sign_in.CASES["told of a callback"], "describe_user_pool_client"),
]


@over((code, case, reads) for code, _, case, reads in SPOKEN)
def test_a_cause_that_the_response_names_is_shown(code, case, reads):
    """Whatever else is unreadable."""
    assert codes(told(case, *reads.split()))[:1] == [code]


def test_a_forbidden_call_does_not_imply_a_missing_route():
    """It may lack an API key, or a firewall may block it."""
    forbidden = Call(**routes.CLOSED)
    assert codes(forbidden.diagnosed()) == []
    assert codes(told(forbidden, "get_export")) == []


def test_without_a_response_the_draft_does_not_show_missing_routes():
    """The stage may still have an older route."""
    diagnosis = told(Call(status=None, path="/nothing"), "get_export")
    assert codes(diagnosis) == []
    (unknown,) = diagnosis.unknown
    assert "route-not-found" in unknown["codes"]


@pytest.mark.parametrize(
    "failure",
    [
        refusal("ExpiredTokenException", "expired"),
        refusal("UnrecognizedClientException", "who?"),
        refusal("TooManyRequestsException", "slow down", status=429),
        refusal("InternalFailure", "oh", status=500),
        refusal("404", "not here", status=404),
    ],
    ids=lambda each: each.response["Error"]["Code"],
)
def test_any_failure_of_aws_leaves_a_fact_unknown(failure):
    """With a readable reason."""
    call = Call(**NOT_SIGNED, path="/nothing", answers=dict.fromkeys(READS, failure))
    diagnosis = call.diagnosed()
    assert diagnosis.causes == []
    assert len(diagnosis.unknown) == 3
    assert all(fact["why"] for fact in diagnosis.unknown)
