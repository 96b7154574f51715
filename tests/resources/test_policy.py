"""The printed policies: sufficient for every call, minimal, and within IAM's limits."""

from __future__ import annotations

import io
import json
import re
import zipfile
from functools import partial
from pathlib import Path

import pytest
from fakes import SharedSession
from faults.clock import Clock
from faults.local import LocalAws, quicken
from faults.runs import Cgw
from faults.stacks import CHANGED, SMALL
from faults.wire import Wire
from iam import Guard, is_allowed, matches, resource_tag
from moto import mock_aws

from cognito_gw.aws.clients import Account, named_account
from cognito_gw.aws.log_events import LogReader
from cognito_gw.diagnosis.api import read_draft, read_export, read_stages
from cognito_gw.engine import reconcile
from cognito_gw.engine.walk import forward, walk
from cognito_gw.errors import UsageError
from cognito_gw.resources.policy import LIMIT, operator_policy, size, split, user_policy
from cognito_gw.resources.stack import build
from cognito_gw.resources.unmanaged import unmanaged
from cognito_gw.resources.user import Person, groups_of, users_of

WHERE = ("aws", "eu-west-1", "123456789012")
ACCOUNT = Account(*WHERE)
BOUNDARY = "arn:aws:iam::123456789012:policy/functions"
BOUNDED = f"{SMALL}iam: {{permissions_boundary: {BOUNDARY}}}\n"
REFERENCE = Path(__file__).parents[1] / "recorded" / "service_authorization.json"


@pytest.fixture(scope="module")
def session():
    """A session whose calls a guard checks."""
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    session = SharedSession(**keys, region_name=ACCOUNT.region)
    session.guard = Guard(session.events)
    return session


@pytest.fixture
def local(monkeypatch):
    """The local AWS without its server."""
    quicken(monkeypatch)
    with mock_aws():
        local = LocalAws()
        Wire(monkeypatch, local.serve)
        yield local


@pytest.fixture
def cgw(monkeypatch, session, local, configured):  # noqa: ARG001 - it answers
    """Runs of cgw on the local AWS, with a simulated clock."""
    clock = Clock()
    monkeypatch.setattr("botocore.endpoint.time", clock.module)
    cgw = Cgw(session, clock, configured)
    yield cgw
    cgw.forget_pace()


@pytest.fixture
def guard(session):
    """A guard that lets only allowed calls pass."""
    session.guard.forget()
    return session.guard


@pytest.fixture
def policy_of(configured):
    """Return a function that makes the operator's policy for a file."""

    def make(text="", boundary=None, **sections):
        return operator_policy(build(configured(text, **sections), ACCOUNT), boundary)

    return make


def status(cgw, text):
    """Read everything that `cgw status` reads, and raise refused calls."""
    aws = cgw.aws()
    stack = build(cgw.configured(text), aws.account)
    visit = partial(reconcile.plan, aws=aws)
    errors = [each.error for each in walk(visit, forward(stack.resources), workers=1)]
    assert [error for error in errors if error] == []
    unmanaged(stack, aws, with_users=True)
    return stack


def grants(document):
    """Return every action and every resource with the statement that contains it."""
    return {
        (statement["Sid"], each)
        for statement in document["Statement"]
        for key in ("Action", "Resource")
        for each in as_list(statement[key])
    }


def as_list(value):
    """Return a list for a value that IAM also accepts as a single item."""
    return value if isinstance(value, list) else [value]


def changed_by_others(aws):
    """Change what `up` changes back only after drift."""
    role = "shop-hello-eu-west-1"
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    theirs = {"PolicyName": "theirs", "PolicyDocument": document}
    aws.iam.put_role_policy(RoleName=role, **theirs)
    managed = aws.iam.create_policy(**theirs)["Policy"]
    aws.iam.attach_role_policy(RoleName=role, PolicyArn=managed["Arn"])
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("lambda_function.py", "")
    code = content.getvalue()
    aws.functions.update_function_code(FunctionName="shop-hello", ZipFile=code)
    group = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/apigateway/shop/access"
    aws.logs.tag_resource(resourceArn=group, tags={"team": "theirs"})
    (api,) = aws.apigateway.get_rest_apis()["items"]
    aws.apigateway.delete_rest_api(restApiId=api["id"])


WITH_SHIP = CHANGED.replace("functions:", "functions:\n  ship: {}")
CLASSIC = CHANGED.replace("login: managed", "login: classic")
CLASSIC = CLASSIC.replace("concurrency: 5, ", "")  # deleted by `up`
CLASSIC = CLASSIC.replace("timeout: 7", "timeout: 7, log_retention: never")
CLASSIC = CLASSIC.replace("stage: live", "stage: live\n  access_log: true")
CLASSIC = CLASSIC.replace("access_log:", "throttle: {rate: 9, burst: 9}\n  access_log:")
LIFE = (SMALL, SMALL, WITH_SHIP, CLASSIC)  # `ship` is added, and removed from the file
# Allowed, but not called by the test below.
UNUSED = {"cognito-idp:DeleteUserPoolClient": "a client that two cgws made at once"}


def test_a_whole_life(cgw, guard, policy_of):
    """Changes, drift, status and down need exactly what the policy allows."""
    for text in LIFE:
        guard.document = policy_of(text)
        assert cgw.up(text, workers=1).errors == []
    status(cgw, CLASSIC)
    guard.document = None
    changed_by_others(cgw.aws())
    guard.document = policy_of(CLASSIC)
    assert cgw.up(CLASSIC, workers=1).errors == []
    assert cgw.down(CLASSIC, workers=1).errors == []
    assert guard.refused == []
    granted = {pair for text in LIFE for pair in grants(policy_of(text))}
    assert {each for _, each in granted - guard.used} == set(UNUSED)


def test_a_life_within_a_boundary(cgw, guard, policy_of):
    """All roles get the boundary, including those that existed before."""
    assert cgw.up(SMALL, workers=1).errors == []
    guard.document = policy_of(BOUNDED)
    for _ in range(2):
        assert cgw.up(BOUNDED, workers=1).errors == []
        role = cgw.aws().iam.get_role(RoleName="shop-hello-eu-west-1")["Role"]
        assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == BOUNDARY
        status(cgw, BOUNDED)
        assert cgw.down(BOUNDED, workers=1).errors == []
    assert guard.refused == []
    used = {each for sid, each in guard.used if sid in ("CreateRoles", "GrantRoles")}
    assert "iam:PutRolePermissionsBoundary" in used


def test_a_file_without_the_boundary_is_refused(cgw, guard, policy_of):
    """The option alone does not make `up` set it."""
    guard.document = policy_of(SMALL, BOUNDARY)
    errors = cgw.up(SMALL, workers=1).errors
    assert any("iam:CreateRole" in error for error in errors)


def test_every_action_is_missed(cgw, guard, policy_of):
    """The guard refuses every omitted action, so the tests above can fail."""
    document = policy_of(SMALL)
    for statement in document["Statement"]:
        if "lambda:CreateFunction" in statement["Action"]:
            statement["Action"].remove("lambda:CreateFunction")
    guard.document = document
    errors = cgw.up(SMALL, workers=1).errors
    assert any("lambda:CreateFunction" in error for error in errors)


def test_a_changed_trust_policy_is_reported(cgw, guard, policy_of):
    """Changing it back would need a permission that can give the role to anyone."""
    assert cgw.up(SMALL, workers=1).errors == []
    statement = {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = "shop-hello-eu-west-1"
    cgw.aws().iam.update_assume_role_policy(RoleName=role, PolicyDocument=document)
    guard.document = policy_of(SMALL)
    (error,) = [each for each in cgw.up(SMALL, workers=1).errors if role in each][:1]
    assert "its trust policy was changed" in error
    assert guard.refused == [
        ("iam:UpdateAssumeRolePolicy", f"arn:aws:iam::123456789012:role/{role}")
    ]


@pytest.mark.parametrize(
    ("name", "service", "allowed"),
    [
        ("shop-hello-eu-west-1", "lambda.amazonaws.com", True),
        ("shop-hello-eu-west-1", "ec2.amazonaws.com", False),
        ("shop-theirs-eu-west-1", "lambda.amazonaws.com", False),
        ("shop-admin", "lambda.amazonaws.com", False),
        ("Admin", "lambda.amazonaws.com", False),
        ("OrganizationAccountAccessRole", "lambda.amazonaws.com", False),
    ],
)
def test_only_own_roles_are_passed(policy_of, name, service, allowed):
    """And only to Lambda: code with another role has that role's permissions."""
    arn = f"arn:aws:iam::123456789012:role/{name}"
    context = resource_tag("shop") | {"iam:PassedToService": service}
    assert is_allowed(policy_of(SMALL), "iam:PassRole", arn, context) is allowed


class TestUse:
    """The policy for users of the stack."""

    @pytest.fixture
    def stack(self, cgw, guard, configured):
        """A stack after `up`, read by such a user."""
        assert cgw.up(SMALL, workers=1).errors == []
        guard.document = user_policy(build(configured(SMALL), ACCOUNT))
        return status(cgw, SMALL)

    def test_suffices(self, cgw, stack, guard):
        """For all commands that read: users, logs and `explain`."""
        aws, pool = cgw.aws(), stack.pool
        rules = stack.config.user_pool.password_policy
        carol = Person(pool, "carol@example.com", [], (), rules, None)
        carol.create(aws)
        for change in (carol.disable, carol.enable, carol.give_password, carol.delete):
            reconcile.refresh(carol, aws)
            change(aws)
        bob = Person(pool, "bob@example.com", [], (), rules, None)
        reconcile.refresh(bob, aws)
        bob.regroup(aws, [])
        bob.regroup(aws, ["writers"])
        assert users_of(pool, aws)
        assert groups_of(pool, aws) == ["writers"]
        api = stack.api["id"]
        assert read_stages(aws, api)
        assert read_export(aws, api, "dev")
        assert read_draft(aws, api)
        LogReader(aws.logs, "hello", "/aws/lambda/shop-hello", 0).read()
        aws.iam.get_account_summary()
        assert guard.refused == []
        unused = grants(guard.document) - guard.used
        assert {each for _, each in unused} == {
            "cognito-idp:AdminConfirmSignUp",
            "iam:SimulatePrincipalPolicy",
            "arn:aws:iam::123456789012:user/${aws:username}",
            "lambda:GetAccountSettings",
        }

    def test_does_not_change_the_stack(self, cgw, local, stack, guard):  # noqa: ARG002
        """It allows no creation, change or deletion of a resource of the stack."""
        before = local.inventory
        for run in (cgw.up(CHANGED, workers=1), cgw.down(SMALL, workers=1)):
            assert run.errors
        assert local.inventory == before
        refused = {action for action, _ in guard.refused}
        reads = re.compile("[a-z-]+:(Get|List|Describe|AdminGet|AdminList|GET)")
        assert [action for action in refused if reads.match(action)] == []


class TestLeast:
    """No more than the file needs."""

    def test_only_reading_is_not_limited(self, policy_of):
        """Statements without a name or a condition only read."""
        free = {
            action
            for statement in policy_of()["Statement"]
            if "*" in as_list(statement["Resource"]) and "Condition" not in statement
            for action in statement["Action"]
        }
        assert free == {
            "sts:GetCallerIdentity",
            "tag:GetResources",
            "cognito-idp:ListUserPools",
            "cognito-idp:DescribeUserPoolDomain",
            "logs:DescribeLogGroups",
        }

    @pytest.mark.parametrize("make", [operator_policy, user_policy])
    def test_no_wildcard_actions(self, make, configured):
        """Every action is listed by its full name."""
        document = make(build(configured(), ACCOUNT))
        assert "*" not in "".join(
            action for each in document["Statement"] for action in each["Action"]
        )

    @pytest.mark.parametrize(
        ("sections", "absent"),
        [
            ({"users": []}, "AdminCreateUser"),
            ({"user_pool": {"groups": []}, "users": []}, "CreateGroup"),
            ({}, "CreateManagedLoginBranding"),
            ({}, "PermissionsBoundary"),
            ({}, "UpdateAssumeRolePolicy"),
        ],
    )
    def test_only_what_the_file_has(self, policy_of, sections, absent):
        """Features that the file does not use need no permission."""
        assert absent not in json.dumps(policy_of(**sections))

    @pytest.mark.parametrize("make", [operator_policy, user_policy])
    def test_external(self, make, configured):
        """Resources with an `id` in the file can be read, but not changed."""
        config = configured(
            user_pool={"id": "eu-west-1_theirs"},
            api={"id": "theirs", "routes": {"GET /": {"function": "hello"}}},
            users=[],
        )
        document = make(build(config, ACCOUNT))
        actions = [
            action.partition(":")[2]
            for each in document["Statement"]
            for action in each["Action"]
        ]
        reads = ("Get", "List", "Describe", "AdminGet", "AdminList", "Simulate", "GET")
        assert all(action.startswith(reads) for action in actions)
        named = [each for part in document["Statement"] for each in part["Resource"]]
        assert any(each.endswith("userpool/eu-west-1_theirs") for each in named)


LONG = "a-stack-name-of-thirty-two-chars"  # the longest


class TestSize:
    """IAM's limit is 6,144 characters without white space."""

    @pytest.mark.parametrize("count", [1, 30, 300])
    @pytest.mark.parametrize("name", ["shop", LONG])
    def test_fits(self, policy_of, name, count):
        """Custom names fit for any number of functions and routes."""
        functions = {f"function-number-{n}": {} for n in range(count)}
        routes = {f"GET /r{n}": {"function": "function-number-0"} for n in range(200)}
        sections = {"functions": functions, "api": {"routes": routes}}
        domain = {"prefix": "shop-front", "login": "managed"}
        document = policy_of(BOUNDED, name=name, domain=domain, **sections)
        assert size(document) <= LIMIT == 6144
        assert size(document) == len(json.dumps(document, separators=(",", ":")))

    def test_split(self, configured):
        """Parts within the limit allow the same as one policy, each role by name."""
        names = [f"{n:02}-{'f' * 50}" for n in range(60)]
        functions = {f"f{n}": {"name": name} for n, name in enumerate(names)}
        routes = {"GET /": {"function": "f0"}}
        config = configured(functions=functions, api={"routes": routes})
        whole = operator_policy(build(config, ACCOUNT), is_split=True)
        assert size(whole) > LIMIT
        parts = split(whole)
        assert len(parts) > 1
        assert all(size(part) <= LIMIT for part in parts)
        assert all(part["Version"] == "2012-10-17" for part in parts)
        assert together(*parts) == together(whole)

    def test_what_fits_is_one(self, policy_of):
        """Nothing is split unless necessary."""
        document = policy_of()
        assert split(document) == [document]

    def test_roles_that_may_be_passed(self, policy_of):
        """They are listed one by one, or by a pattern if space is short."""
        few, many = (
            passed_roles(policy_of(functions=functions, api=api))
            for functions, api in (
                ({"hello": {}}, {"routes": {"GET /": {}}}),
                (
                    {f"f{n}": {} for n in range(60)},
                    {"routes": {"GET /": {"function": "f0"}}},
                ),
            )
        )
        assert few == ["arn:aws:iam::123456789012:role/shop-hello-eu-west-1"]
        assert many == ["arn:aws:iam::123456789012:role/shop-*-eu-west-1"]


def together(*documents):
    """Return everything that the documents allow."""
    return {
        (action, arn, json.dumps(each.get("Condition"), sort_keys=True))
        for document in documents
        for each in document["Statement"]
        for action in each["Action"]
        for arn in as_list(each["Resource"])
    }


def passed_roles(document):
    """Return the roles that can be passed to Lambda."""
    statements = document["Statement"]
    (found,) = [each for each in statements if each["Action"] == ["iam:PassRole"]]
    return found["Resource"]


def test_sids_are_unique(configured):
    """IAM refuses a policy with duplicate statement IDs."""
    stack = build(configured(BOUNDED), ACCOUNT)
    for document in (operator_policy(stack), user_policy(stack)):
        sids = [statement["Sid"] for statement in document["Statement"]]
        assert len(sids) == len(set(sids))
        assert all(sid.isalnum() for sid in sids)


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("eu-west-1", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("eusc-de-east-1", "aws-eusc"),
    ],
)
def test_partitions(configured, region, partition):
    """Every ARN has the region's partition, as botocore knows it."""
    stack = build(configured(), named_account("123456789012", region))
    for document in (operator_policy(stack), user_policy(stack)):
        arns = [
            arn
            for each in document["Statement"]
            for arn in as_list(each["Resource"])
            if arn != "*"
        ]
        assert {arn.split(":")[1] for arn in arns} == {partition}
        tags = [arn for arn in arns if "%3A" in arn]
        assert all(f"arn%3A{partition}%3A" in arn for arn in tags)


def test_an_unknown_region():
    """It belongs to no partition."""
    with pytest.raises(UsageError, match="not an AWS region"):
        named_account("123456789012", "nowhere-1")


class TestReference:
    """AWS's service authorization reference, as recorded."""

    @pytest.fixture
    def reference(self):
        return json.loads(REFERENCE.read_text("utf-8"))

    @pytest.fixture(params=["up", "use", "bounded"])
    def document(self, request, configured):
        text = BOUNDED if request.param == "bounded" else SMALL
        stack = build(configured(text), ACCOUNT)
        return user_policy(stack) if request.param == "use" else operator_policy(stack)

    def test_says_where_it_is_from(self, reference):
        """The record has its date and source."""
        assert reference["source"].startswith("https://")
        assert reference["date"] >= "2026-05-10"

    def test_knows_every_action(self, reference, document):
        """No action is misspelled."""
        for statement in document["Statement"]:
            for action in statement["Action"]:
                service, name = action.split(":")
                assert name in reference["services"][service]["actions"]

    def test_actions_apply_to_the_resources(self, reference, document):
        """Each action has a matching resource, and each resource an action."""
        for statement in document["Statement"]:
            left = set(as_list(statement["Resource"]))
            for action in statement["Action"]:
                fitting = {
                    arn
                    for arn in as_list(statement["Resource"])
                    if arn == "*" or types_of(reference, action, arn)
                }
                assert fitting, f"{action} in {statement['Sid']}"
                left -= fitting
            assert left == set(), statement["Sid"]

    def test_conditions_are_known(self, reference, document):
        """Each condition key belongs to the action or to its resource."""
        for statement in document["Statement"]:
            keys = {
                key.partition("/")[0]
                for key in statement.get("Condition", {}).get("StringEquals", {})
            }
            for action in statement["Action"]:
                for arn in as_list(statement["Resource"]):
                    for kind in types_of(reference, action, arn):
                        assert keys <= keys_of(reference, action, kind), (action, kind)


# AWS documents no condition keys for it: a call without one is refused.
KEYLESS = "Tags"


def types_of(reference, action, arn):
    """Return the resource types of an action that an ARN in a policy may match."""
    service, name = action.split(":")
    known = reference["services"][service]
    kinds = known["actions"][name]["resources"]
    return [
        kind
        for kind in kinds
        if arn == "*" or could_be(arn, known["resources"][kind]["arn"])
    ]


def could_be(arn, template):
    """Whether an ARN with wildcards can match the reference's format."""
    parts = dict(zip(("Partition", "Region", "Account"), WHERE, strict=True))
    where = re.sub(r"\$\{(\w+)\}", lambda name: parts.get(name[1], "x"), template)
    form = re.sub("(?<=[:/])x(?=[:/])", "[^/]+", re.escape(where))
    form = re.sub("(?<=[:/])x$", ".+", form)
    return matches(arn, where, {}) or bool(
        re.fullmatch(form, re.sub(r"\$\{.+?\}|\*", "x", arn))
    )


def keys_of(reference, action, kind):
    """Return the condition keys of an action and of one of its resource types."""
    service, name = action.split(":")
    known = reference["services"][service]
    keys = {*known["actions"][name]["keys"], *known["resources"][kind]["keys"]}
    if kind == KEYLESS:
        keys.add("aws:ResourceTag")
    return {key.partition("/")[0] for key in keys}
