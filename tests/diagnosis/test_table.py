"""The table of rules: its codes, its texts, and the placeholders in them."""

from __future__ import annotations

from string import Formatter

from diagnosis.call import Call
from diagnosis.cases.everything import OURS_OR_NOT, over
from diagnosis.cases.sign_in import SignIn

from cognito_gw.diagnosis.refusals import refusals
from cognito_gw.diagnosis.rule import Cause, Finding
from cognito_gw.diagnosis.rules import CALL_RULES, SIGN_IN_RULES

# The causes that `cgw explain` promises to distinguish.
PROMISED = {
    "access-token-without-scopes",
    "api-not-found",
    "authorizer-missing",
    "authorizer-not-deployed",
    "authorizer-wrong-pool",
    "bad-signature",
    "callback-mismatch",
    "client-secret-required",
    "cors-preflight-blocked",
    "expired-token",
    "flow-not-enabled",
    "function-missing",
    "id-token-with-scopes",
    "insufficient-scope",
    "lambda-error",
    "lambda-malformed-response",
    "lambda-permission-missing",
    "lambda-timeout",
    "malformed-token",
    "method-not-deployed",
    "mfa-required",
    "no-token",
    "not-yet-valid",
    "password-reset-required",
    "route-not-found",
    "stage-not-found",
    "throttled",
    "unauthenticated-route",
    "user-disabled",
    "user-unconfirmed",
    "wrong-client",
    "wrong-header",
    "wrong-pool",
}
BESIDES = {
    "api-key-missing",
    "token-too-large",
    "client-missing",
    "cors-headers-missing",
    "domain-missing",
    "lambda-access-denied",
    "new-password-required",
    "scope-not-allowed",
    "user-missing",
    "wrong-password",
} | set(refusals())
STATUSES = {401, 403, 404, 429, 431, 500, 502, 504}
CASES = [(rule, Call().case()) for rule in CALL_RULES]
CASES += [(rule, SignIn().case()) for rule in SIGN_IN_RULES]


def test_the_codes_are_those_that_were_promised_and_some_more():
    """Each once for calls, and once for sign-ins."""
    assert len(PROMISED) == 33
    assert {rule.code for rule, _ in CASES} == PROMISED | BESIDES
    for rules in (CALL_RULES, SIGN_IN_RULES):
        assert len({rule.code for rule in rules}) == len(rules)


@over(CASES)
def test_each_fix_uses_names_that_are_known_of_every_case(rule, case):
    """For resources of cgw, and for foreign resources."""
    known = {name: f"<{name}>" for name in case.place}
    for template in filter(None, (rule.fix, rule.elsewhere)):
        assert template.format_map(known)
        used = {name for _, name, _, _ in Formatter().parse(template) if name}
        assert used <= known.keys()
        assert all(f"<{name}>" in template.format_map(known) for name in used)


@over((*case, is_ours) for case in CASES for is_ours in OURS_OR_NOT)
def test_a_finding_becomes_a_cause_with_the_fix_for_whose_it_is(rule, case, is_ours):
    """A single fix applies to both."""
    found = Finding("it is so", {"this": 1, "that": 2})
    usual = rule.fix if is_ours or rule.elsewhere is None else rule.elsewhere
    fix = usual.format_map(case.place)
    cause = rule.cause(found, case.place, is_ours=is_ours)
    assert cause == Cause(rule.code, "it is so", {"this": 1, "that": 2}, fix)
    own = Finding("it is so", fix="do this")
    assert rule.cause(own, case.place, is_ours=is_ours).fix == "do this"


@over(CASES)
def test_fixes_of_foreign_resources_name_no_cgw_command_that_changes_them(rule, case):
    """Except `cgw token` and similar commands, which need no file."""
    del case
    for command in ("up", "deploy", "authorizer", "method", "lambda", "client", "user"):
        assert f"`cgw {command}" not in (rule.elsewhere or "")


@over(CASES)
def test_each_rule_is_explained(rule, case):
    """In a sentence first, with the reason why it may not apply."""
    del case
    first, _, rest = rule.text.partition("\n\n")
    assert first.endswith(".")
    assert "\n" not in first
    assert not rest or rest[0].isupper() or rest[0] == "`"
    assert rule.otherwise
    assert not rule.otherwise.endswith(".")


@over(CALL_RULES)
def test_the_statuses_of_rules_are_those_of_the_gateway(rule):
    """Each once, in order; a rule without statuses always runs."""
    assert {*rule.statuses} <= STATUSES
    assert list(rule.statuses) == sorted({*rule.statuses})


def test_sign_ins_have_no_status():
    """Every rule applies to them."""
    for rule in SIGN_IN_RULES:
        assert rule.statuses == ()
        assert SignIn().case().is_behind(rule.statuses)
