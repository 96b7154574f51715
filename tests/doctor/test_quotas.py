"""Current usage is compared with AWS's quotas."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace

import pytest
from fakes import refusal

from cognito_gw.doctor.account import (
    Usage,
    counts_of,
    functions,
    quotas,
    rest_apis,
    roles,
    user_pools,
)
from cognito_gw.doctor.finding import CannotTell

MIB = 1024 * 1024


def refused(action):
    """Return a count that the caller may not read."""

    def count():
        message = f"User: x is not authorized to perform: {action} on resource: *"
        raise refusal("AccessDeniedException", message)

    return count


@pytest.mark.parametrize(("used", "state"), [(79, "ok"), (80, "warn"), (100, "warn")])
def test_a_quota_near_its_end_is_a_warning(used, state):
    """From 80% on; then only those are shown."""
    finding = quotas(
        [lambda: [Usage("roles", used, 100)], lambda: [Usage("pools", 1, 10, True)]]
    )
    assert finding.state == state
    both = f"{used} of 100 roles, 1 of 10 pools (by default)"
    assert finding.found == (both if state == "ok" else f"{used} of 100 roles")
    assert (finding.fix is None) is (state == "ok")


def test_what_may_not_be_counted_is_named():
    """The others are counted."""
    counts = [refused("lambda:GetAccountSettings"), lambda: [Usage("roles", 1, 100)]]
    finding = quotas(counts)
    assert finding.state == "ok"
    first, second = finding.found.splitlines()
    assert first == "1 of 100 roles"
    assert second.startswith("not counted: the caller may not do lambda:GetAccount")


def test_without_permission_to_count_quotas_are_unknown():
    """Neither passed nor failed."""
    with pytest.raises(CannotTell, match="iam:GetAccountSummary"):
        quotas([refused("iam:GetAccountSummary")])


def test_an_account_is_counted(aws):
    """User pools, REST APIs of the stack's kind, and roles."""
    for number in range(3):
        aws.cognito.create_user_pool(PoolName=f"pool {number}")
    for kind in ("REGIONAL", "EDGE", "REGIONAL"):
        endpoint = {"types": [kind]}
        aws.apigateway.create_rest_api(name="api", endpointConfiguration=endpoint)
    aws.apigateway.create_rest_api(name="edge, as none is said")
    aws.iam.create_role(RoleName="role", AssumeRolePolicyDocument="{}")
    assert [*user_pools(aws.cognito)] == [
        Usage("user pools", 3, 1000, is_default=True),
    ]
    assert [*rest_apis(aws.apigateway, "REGIONAL")] == [
        Usage("regional REST APIs", 2, 600, is_default=True),
    ]
    assert [*rest_apis(aws.apigateway, "EDGE")] == [
        Usage("edge REST APIs", 2, 120, is_default=True),
    ]
    assert [*roles(aws.iam)] == [Usage("roles", 1, 1000)]
    assert aws.calls.count("ListUserPools") == 1


@pytest.mark.parametrize(("endpoint", "kind"), [("edge", "EDGE"), ("", "REGIONAL")])
def test_the_kind_of_api_is_the_files(aws, endpoint, kind):
    """The default without a file."""
    _, apis, *_ = counts_of(aws, endpoint)
    assert [usage.what for usage in apis()] == [f"{kind.lower()} REST APIs"]


def test_lambda_reports_its_quotas():
    """Code size in MiB, and reserved concurrency."""
    settings = {
        "AccountLimit": {
            "TotalCodeSize": 75 * 1024 * MIB,
            "ConcurrentExecutions": 1000,
            "UnreservedConcurrentExecutions": 100,
        },
        "AccountUsage": {"TotalCodeSize": 12 * MIB + 1, "FunctionCount": 3},
    }
    client = SimpleNamespace(get_account_settings=lambda: settings)
    assert [*functions(client)] == [
        Usage("MiB of function code", 12, 76800),
        Usage("concurrent executions reserved", 900, 1000),
    ]
    finding = quotas([partial(functions, client)])
    assert finding.state == "warn"
    assert finding.found == "900 of 1000 concurrent executions reserved"


def test_iam_may_not_count_roles():
    """AWS's documentation does not guarantee it."""
    client = SimpleNamespace(get_account_summary=lambda: {"SummaryMap": {"Users": 1}})
    assert [*roles(client)] == []
