"""The caller's permissions are compared with the file's needs by IAM's simulator."""

from __future__ import annotations

from types import SimpleNamespace

import boto3
import pytest

from cognito_gw.aws.clients import Account
from cognito_gw.doctor.account import permissions, principal_of
from cognito_gw.doctor.finding import CannotTell
from cognito_gw.resources.policy import operator_policy
from cognito_gw.resources.stack import build

NUMBER, REGION = "123456789012", "eu-west-1"
USER = f"arn:aws:iam::{NUMBER}:user/alice"
SESSION = f"arn:aws:sts::{NUMBER}:assumed-role/deployer/alice@example.com"
ROLE = f"arn:aws:iam::{NUMBER}:role/deployer"
PATH_ROLE = f"arn:aws:iam::{NUMBER}:role/of/teams/deployer"
_ALONE = "Invalid Input Actions: [{}] and [{}] require different authorization info."


class Iam:
    """The simulator behind a botocore client, which validates its requests."""

    def __init__(self, client):
        self.client = client
        self.asked = []  # the parameters of each simulation
        self.decide = lambda *_: "allowed"  # of action and resource
        self.missing = ()  # condition keys without a value
        self.apart = ()  # actions that need separate requests
        self.unknown = None  # an action unknown to the simulator
        self.faults = {}  # operation: code and message
        self.role = PATH_ROLE

    def note(self, params, **_):
        """Record a request before it is serialized."""
        self.asked.append(params)

    def answer(self, model, **_):
        """Answer a request before it is sent."""
        if model.name in self.faults:
            return self._refused(*self.faults[model.name])
        if model.name == "GetRole":
            return SimpleNamespace(status_code=200), {"Role": {"Arn": self.role}}
        return self._simulated(self.asked[-1])

    def _simulated(self, request):
        actions = request["ActionNames"]
        if self.unknown in actions:
            return self._refused("InvalidInput", f"Invalid Action: {self.unknown}")
        if len(actions) > 1 and set(self.apart) & set(actions):
            return self._refused("InvalidInput", _ALONE.format(*actions[:2]))
        results = [self._result(each, request) for each in actions]
        answer = {"EvaluationResults": results, "IsTruncated": False}
        return SimpleNamespace(status_code=200), answer

    def _result(self, action, request):
        resources = request.get("ResourceArns", ["*"])
        specific = [
            {
                "EvalResourceName": resource,
                "EvalResourceDecision": self.decide(action, resource),
                "MissingContextValues": list(self.missing),
            }
            for resource in resources
        ]
        worst = max(each["EvalResourceDecision"] != "allowed" for each in specific)
        result = {
            "EvalActionName": action,
            "EvalResourceName": "*",
            "EvalDecision": "implicitDeny" if worst else "allowed",
            "MissingContextValues": list(self.missing),
        }
        is_all = resources == ["*"]  # then AWS returns no resources
        return result | ({} if is_all else {"ResourceSpecificResults": specific})

    @staticmethod
    def _refused(code, message):
        answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {}}
        return SimpleNamespace(status_code=400), answer


@pytest.fixture(scope="module")
def client():
    """Return a botocore client that never sends a request."""
    session = boto3.Session("any", "any", region_name=REGION)
    return session.client("iam")


@pytest.fixture
def iam(client):
    """A simulator that allows everything."""
    simulator = Iam(client)
    events = {
        "provide-client-params.iam.SimulatePrincipalPolicy": simulator.note,
        "before-call.iam": simulator.answer,
    }
    for event, handler in events.items():
        client.meta.events.register(event, handler)
    yield simulator
    for event, handler in events.items():
        client.meta.events.unregister(event, handler)


@pytest.fixture
def policy(configured):
    """The policy for the full configuration."""
    return operator_policy(build(configured(), Account("aws", REGION, NUMBER)))


@pytest.fixture
def examined(iam, policy):
    """Return the check of a caller."""

    def check(caller=USER):
        return permissions(policy, caller, iam.client, REGION)

    return check


def actions_of(policy):
    """Return all actions of a policy."""
    return {each for part in policy["Statement"] for each in part["Action"]}


def test_a_caller_with_all_permissions_is_ready(examined, iam, policy):
    """Each action is simulated with its service's resources."""
    finding = examined()
    count = len(actions_of(policy))
    assert (finding.state, finding.fix) == ("ok", None)
    assert finding.found == (
        f"{count} of {count} actions allowed to {USER}, as IAM simulates it"
    )
    assert {each["PolicySourceArn"] for each in iam.asked} == {USER}
    for request in iam.asked:
        services = {arn.split(":")[2] for arn in request.get("ResourceArns", [])}
        asked = {action.partition(":")[0] for action in request["ActionNames"]}
        assert services in (set(), asked)
    asked = {
        (action, arn)
        for each in iam.asked
        for action in each["ActionNames"]
        for arn in each.get("ResourceArns", ["*"])
    }
    assert ("apigateway:GET", "arn:aws:apigateway:eu-west-1::/restapis") in asked
    assert not any("${" in arn for _, arn in asked)


def test_statements_are_asked_about_under_their_own_conditions(examined, iam, policy):
    """On their resources, if any, and in the current region."""
    examined()
    stated = {part["Sid"]: part for part in policy["Statement"]}
    asked = {each["ActionNames"][0]: each for each in iam.asked}
    create = asked["cognito-idp:CreateUserPool"]
    assert "ResourceArns" not in create
    assert context_of(create) == {
        **stated["CreateUserPool"]["Condition"]["StringEquals"],
        "aws:RequestedRegion": REGION,
    }
    roles = stated["PassRoles"]["Resource"]
    assert asked["iam:PassRole"]["ResourceArns"] == roles
    passed = {"iam:PassedToService": "lambda.amazonaws.com"}
    assert context_of(asked["iam:PassRole"]) == passed
    assert "ContextEntries" not in asked["iam:GetRole"]


def context_of(request):
    """Return a simulation's context as a mapping."""
    entries = request["ContextEntries"]
    return {each["ContextKeyName"]: each["ContextKeyValues"][0] for each in entries}


def test_missing_actions_are_named(examined, iam):
    """Actions denied on any resource, each once."""
    denied = ("iam:PassRole", "apigateway:PUT")
    iam.decide = lambda action, _: "implicitDeny" if action in denied else "allowed"
    finding = examined()
    assert finding.state == "fail"
    assert finding.found.splitlines()[1:] == ["missing: apigateway:PUT, iam:PassRole"]
    assert "`cgw policy`" in finding.fix


def test_a_log_group_has_two_names(examined, iam):
    """Which of them AWS checks depends on the action; one is sufficient."""
    iam.decide = lambda action, resource: (
        "implicitDeny"
        if action.startswith("logs:") and resource.endswith(":*")
        else "allowed"
    )
    assert examined().state == "ok"


def test_one_role_of_several_may_be_denied(examined, iam, policy):
    """Permissions on another role do not compensate for it."""
    stated = {part["Sid"]: part["Resource"] for part in policy["Statement"]}
    *others, last = stated["PassRoles"]
    assert others
    iam.decide = lambda _, resource: "explicitDeny" if resource == last else "allowed"
    finding = examined()
    assert finding.state == "fail"
    assert "missing: iam:PassRole" in finding.found


def test_conditions_of_others_cannot_be_simulated(examined, iam):
    """A policy may require MFA, which the simulation does not know about."""
    iam.decide = lambda action, _: (
        "implicitDeny" if action == "iam:CreateRole" else "allowed"
    )
    iam.missing = ("aws:MultiFactorAuthPresent",)
    finding = examined()
    assert finding.state == "warn"
    assert finding.found.splitlines()[1] == (
        "depend on aws:MultiFactorAuthPresent, unknown to the simulation: "
        "iam:CreateRole"
    )


def test_an_explicit_denial_is_one_whatever_the_conditions(examined, iam):
    """For example from a service control policy."""
    iam.decide = lambda *_: "explicitDeny"
    iam.missing = ("aws:SourceIp",)
    assert examined().state == "fail"


def test_actions_that_are_not_taken_together_are_asked_apart(examined, iam, policy):
    """IAM does not document which these are."""
    iam.apart = ("lambda:AddPermission", "cognito-idp:CreateUserPoolDomain")
    finding = examined()
    assert finding.state == "ok"
    asked = [action for each in iam.asked for action in each["ActionNames"]]
    assert set(asked) == actions_of(policy)
    assert len(iam.asked) < 3 * len(policy["Statement"])


def test_an_action_that_the_simulator_does_not_know_is_named(examined, iam):
    """The other actions are simulated."""
    iam.unknown = "lambda:ListTags"
    finding = examined()
    assert finding.state == "warn"
    assert finding.found.splitlines()[1:] == ["not simulated: lambda:ListTags"]


def test_a_caller_who_cannot_simulate_sees_the_missing_permission(examined, iam):
    """It is not a failure: the caller may have all other permissions."""
    iam.faults = {"SimulatePrincipalPolicy": ("AccessDenied", "User: x is not…")}
    with pytest.raises(CannotTell) as reason:
        examined()
    assert "iam:SimulatePrincipalPolicy" in reason.value.why
    assert "iam:SimulatePrincipalPolicy" in reason.value.fix
    assert len(iam.asked) == 1


def test_a_missing_simulator_is_not_a_failure(examined, iam):
    """As with an emulator."""
    iam.faults = {"SimulatePrincipalPolicy": ("404", "Not Found")}
    with pytest.raises(CannotTell, match="without an AWS error"):
        examined()


def test_root_may_do_all(examined, iam):
    """The root user has no policies to simulate."""
    root = f"arn:aws:iam::{NUMBER}:root"
    finding = examined(root)
    assert (finding.state, finding.found) == (
        "ok",
        f"{root} may do everything in its account",
    )
    assert iam.asked == []


def test_a_session_is_simulated_as_its_role(examined, iam):
    """With the role's path, which the session's ARN omits."""
    assert PATH_ROLE in examined(SESSION).found
    assert iam.asked[0]["PolicySourceArn"] == PATH_ROLE


def test_a_role_that_may_not_be_read_is_taken_to_have_no_path(examined, iam):
    """If it has a path, the missing permission is iam:GetRole."""
    iam.faults = {"GetRole": ("AccessDenied", "no")}
    assert principal_of(SESSION, iam.client) == ROLE
    assert principal_of(SESSION.replace("aws", "aws-cn"), iam.client) == (
        ROLE.replace("aws", "aws-cn")
    )
    iam.faults["SimulatePrincipalPolicy"] = ("NoSuchEntity", "no such role")
    with pytest.raises(CannotTell) as reason:
        examined(SESSION)
    assert "iam:GetRole" in reason.value.fix


def test_other_callers_cannot_be_simulated(iam):
    """They have only session policies."""
    with pytest.raises(CannotTell, match="not a user or role"):
        principal_of(f"arn:aws:sts::{NUMBER}:federated-user/bob", iam.client)
    assert principal_of(USER, iam.client) == USER


def test_an_arn_that_iam_does_not_take_is_asked_about_once(examined, iam):
    """Fewer actions would not help."""
    iam.faults = {"SimulatePrincipalPolicy": ("InvalidInput", "Invalid Entity Arn: x")}
    with pytest.raises(CannotTell, match="Invalid Entity Arn"):
        examined()
    assert len(iam.asked) == 1
