"""A simulation of IAM: compares a policy with the requests of each call."""

from __future__ import annotations

import re
import threading
from types import SimpleNamespace
from urllib.parse import quote

from cognito_gw.aws.tags import STACK_TAG

REGION, NUMBER = "eu-west-1", "123456789012"
_TOKEN = re.compile(r"\$\{(.+?)\}|([*?])|([^$*?]+|\$)")


def resource_tag(stack):
    """Return the context of a resource with a stack's tag."""
    return {f"aws:ResourceTag/{STACK_TAG}": stack}


def request_tag(stack):
    """Return the context of a call that sets a stack's tag."""
    return {f"aws:RequestTag/{STACK_TAG}": stack}


def is_allowed(document, action, arn="*", context=None):
    """Whether the policy alone allows an action on a resource in a context."""
    return bool(allowing(document, action, arn, context))


def allowing(document, action, arn="*", context=None):
    """Return the IDs of the statements that allow it; none if one denies it."""
    found = [
        each
        for each in document["Statement"]
        if any(matches(name, action, {}) for name in _list(each["Action"]))
        and any(matches(name, arn, context or {}) for name in _list(each["Resource"]))
        and _holds(each.get("Condition", {}), context or {})
    ]
    denied = any(each["Effect"] == "Deny" for each in found)
    return [] if denied else [each["Sid"] for each in found]


def matches(pattern, text, context):
    """Whether a pattern with wildcards and variables matches a text."""
    parts = []
    for variable, wildcard, plain in _TOKEN.findall(pattern):
        if variable in ("*", "?", "$"):
            parts.append(re.escape(variable))
        elif variable:
            if variable not in context:
                return False
            parts.append(re.escape(context[variable]))
        elif wildcard:
            parts.append({"*": ".*", "?": "."}[wildcard])
        else:
            parts.append(re.escape(plain))
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


def _holds(conditions, context):
    operators = {
        "StringEquals": lambda has, wanted: has in wanted,
        "StringEqualsIfExists": lambda has, wanted: has is None or has in wanted,
        "StringNotEquals": lambda has, wanted: has not in wanted,
    }
    return all(
        operators[name](context.get(key), _list(wanted))
        for name, tests in conditions.items()
        for key, wanted in tests.items()
    )


def _list(value):
    return value if isinstance(value, list) else [value]


class Guard:
    """Refuses calls of a session that a policy does not allow, as AWS does.

    It learns each resource's tags and each role's permissions boundary from the calls
    that it let through.
    """

    def __init__(self, events):
        """Listen to all clients that a session creates from now on."""
        self._call = threading.local()
        self.forget()
        events.register_first("provide-client-params.*.*", self._note)
        events.register_first("before-call.*.*", self._decide)
        events.register_first("after-call.*.*", self._learn)

    def forget(self):
        """Reset for an empty account."""
        self.document = None  # None: everything is allowed
        self.used = set()  # statement and action, statement and resource
        self.refused = []  # action and resource
        self.tags = {}  # by ARN
        self.boundaries = {}  # by the ARN of a role
        self.paths = {}  # by the name of a role

    def _note(self, params, model, **_):
        self._call.params, self._call.model = params, model

    def _decide(self, **_):
        if self.document is None:
            return None
        for action, arn, context in self._requests():
            found = allowing(self.document, action, arn, context)
            if not found:
                self.refused.append((action, arn))
                words = f"User: x is not authorized to perform: {action} on {arn}"
                error = {"Code": "AccessDeniedException", "Message": words}
                return SimpleNamespace(status_code=403), {"Error": error}
            self._note_use(found, action, arn, context)
        return None

    def _note_use(self, sids, action, arn, context):
        for statement in self.document["Statement"]:
            if statement["Sid"] in sids:
                resources = _list(statement["Resource"])
                hit = [each for each in resources if matches(each, arn, context)]
                self.used |= {(statement["Sid"], each) for each in (action, *hit)}

    def _requests(self):
        params, model = self._call.params, self._call.model
        service = model.service_model.signing_name
        if model.auth_type == "none":  # unsigned: no IAM check
            return []
        ask = getattr(self, f"_of_{service.replace('-', '_')}", self._of_nothing)
        return list(ask(model, params))

    def _of_nothing(self, model, _):
        """For services whose actions have no resources."""
        prefix = {"tagging": "tag"}.get(model.service_model.signing_name)
        yield f"{prefix or model.service_model.signing_name}:{model.name}", "*", {}

    def _of_cognito_idp(self, model, params):
        action = f"cognito-idp:{model.name}"
        if "UserPoolId" not in params:
            tags = _as_tags("Request", params.get("UserPoolTags"))
            context = tags | _as_tags("Resource", params.get("UserPoolTags"))
            yield action, "*", context
            if model.name == "CreateUserPool":
                yield "cognito-idp:TagResource", "*", context
            return
        arn = _pool_arn(params["UserPoolId"])
        requested = _as_tags("Request", params.get("UserPoolTags"))
        yield action, arn, self._tags_of(arn) | requested

    def _of_apigateway(self, model, params):
        verb, path = model.http["method"], model.http["requestUri"].partition("?")[0]
        for name, shape in model.input_shape.members.items():
            if shape.serialization.get("location") == "uri" and name in params:
                place = "{" + shape.serialization["name"] + "}"
                path = path.replace(place, quote(params[name], safe=""))
        arn = gateway_arn(path)
        requested = _as_tags("Request", params.get("tags"))
        if model.name == "TagResource":
            target = params["resourceArn"]
            yield "apigateway:PATCH", target, self._tags_of(target)
            arn = gateway_arn(f"/tags/{quote(target, safe='')}")
            yield "apigateway:PUT", arn, self._tags_of(target) | requested
            return
        yield f"apigateway:{verb}", arn, self._tags_of(arn) | requested
        if requested:
            new = quote(f"{arn}/*", safe="*")
            yield "apigateway:PUT", gateway_arn(f"/tags/{new}"), requested

    def _of_lambda(self, model, params):
        action = f"lambda:{model.name}"
        if not {"FunctionName", "Resource"} & params.keys():
            yield action, "*", {}
            return
        arn = params.get("Resource") or _function_arn(params["FunctionName"])
        context = self._tags_of(arn) | _as_tags("Request", params.get("Tags"))
        if model.name == "CreateFunction":
            context |= _as_tags("Resource", params["Tags"])
            yield "lambda:TagResource", arn, context
        if "Principal" in params:
            context |= {"lambda:Principal": params["Principal"]}
        yield action, arn, context
        if model.name == "GetFunction" and arn in self.tags:
            yield "lambda:ListTags", arn, context
        if "Role" in params:
            passed = {"iam:PassedToService": "lambda.amazonaws.com"}
            yield "iam:PassRole", params["Role"], passed

    def _of_iam(self, model, params):
        action = f"iam:{model.name}"
        if "RoleName" not in params:
            yield action, params.get("PolicySourceArn", "*"), {}
            return
        name, tags = params["RoleName"], _pairs(params.get("Tags", []))
        arn = _role_arn(name, params.get("Path", self.paths.get(name, "/")))
        context = self._tags_of(arn) | _as_tags("Request", tags)
        if model.name == "CreateRole":
            context |= _as_tags("Resource", tags)
            yield "iam:TagRole", arn, context
        boundary = params.get("PermissionsBoundary", self.boundaries.get(arn))
        yield (
            action,
            arn,
            context | ({"iam:PermissionsBoundary": boundary} if boundary else {}),
        )

    def _of_logs(self, model, params):
        action = f"logs:{model.name}"
        if model.name == "DescribeLogGroups":
            yield action, "*", {}
            return
        arn = params.get("resourceArn") or _group_arn(params["logGroupName"])
        context = self._tags_of(arn) | _as_tags("Request", params.get("tags"))
        if model.name == "CreateLogGroup":
            context |= _as_tags("Resource", params["tags"])
            yield "logs:TagResource", arn, context
        # Only tag operations use the bare ARN.
        yield action, arn if "TagsFor" in model.name else f"{arn}:*", context

    def _tags_of(self, arn):
        """Return the context of a resource: its tags, or its REST API's."""
        api = "/".join(arn.split("/")[:3]) if "::/restapis/" in arn else arn
        return _as_tags("Resource", self.tags.get(api, {}) | self.tags.get(arn, {}))

    def _learn(self, parsed, model, **_):
        if "Error" in parsed:
            return
        params = self._call.params
        if model.name in ("CreateRole", "PutRolePermissionsBoundary"):
            name = params["RoleName"]
            self.paths[name] = params.get("Path", self.paths.get(name, "/"))
            arn = _role_arn(name, self.paths[name])
            self.boundaries[arn] = params.get("PermissionsBoundary")
        if model.name in _MADE:
            arn, tags = _MADE[model.name](params, parsed)
            self.tags[arn] = tags or {}
        if model.name in _GONE:
            self.tags.pop(_GONE[model.name](params), None)


def gateway_arn(path):
    """Return an ARN of API Gateway."""
    return f"arn:aws:apigateway:{REGION}::{path}"


def _arn(service, rest):
    return f"arn:aws:{service}:{REGION}:{NUMBER}:{rest}"


def _function_arn(name):
    return name if name.startswith("arn:") else _arn("lambda", f"function:{name}")


def _role_arn(name, path="/"):
    return f"arn:aws:iam::{NUMBER}:role{path}{name}"


def _pool_arn(pool):
    return _arn("cognito-idp", f"userpool/{pool}")


def _group_arn(name):
    return _arn("logs", f"log-group:{name}")


def _as_tags(kind, tags):
    return {f"aws:{kind}Tag/{key}": value for key, value in (tags or {}).items()}


def _pairs(tags):
    return {each["Key"]: each["Value"] for each in tags}


# The ARN and the tags of what a call has made, and the ARN of what it has removed.
_MADE = {
    "CreateUserPool": lambda sent, got: (
        _pool_arn(got["UserPool"]["Id"]),
        sent.get("UserPoolTags"),
    ),
    "CreateRestApi": lambda sent, got: (
        gateway_arn(f"/restapis/{got['id']}"),
        sent.get("tags"),
    ),
    "CreateFunction": lambda sent, _: (
        _function_arn(sent["FunctionName"]),
        sent.get("Tags"),
    ),
    "CreateLogGroup": lambda sent, _: (
        _group_arn(sent["logGroupName"]),
        sent.get("tags"),
    ),
    "CreateRole": lambda sent, _: (
        _role_arn(sent["RoleName"], sent.get("Path", "/")),
        _pairs(sent.get("Tags", [])),
    ),
}
_GONE = {
    "DeleteFunction": lambda sent: _function_arn(sent["FunctionName"]),
    "DeleteLogGroup": lambda sent: _group_arn(sent["logGroupName"]),
    "DeleteRole": lambda sent: _role_arn(sent["RoleName"]),
}
