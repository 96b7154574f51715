"""The REST API: routes removed from the file, and how the stack's API is found."""

from __future__ import annotations

import pytest

from cognito_gw.engine.reconcile import destroy, plan, refresh
from cognito_gw.engine.resource import Action, Change
from cognito_gw.errors import CgwError

ARN = "arn:aws:apigateway:eu-west-1::/restapis"


@pytest.fixture
def routes(aws):
    """Return a function that lists the routes and paths of an API."""

    def run(api):
        items = aws.apigateway.get_resources(restApiId=api.id, embed=["methods"])
        found = {
            item["path"]: item.get("resourceMethods", {}) for item in items["items"]
        }
        return {f"{verb} {path}" for path in found for verb in found[path]}, set(found)

    return run


def _add(aws, api, *paths, verb="GET"):
    """Add a route outside of cgw."""
    for path in paths:
        items = aws.apigateway.get_resources(restApiId=api.id)["items"]
        ids = {item["path"]: item["id"] for item in items}
        above, _, part = path.rpartition("/")
        made = aws.apigateway.create_resource(
            restApiId=api.id, parentId=ids[above or "/"], pathPart=part
        )
        aws.apigateway.put_method(
            restApiId=api.id,
            resourceId=made["id"],
            httpMethod=verb,
            authorizationType="NONE",
        )


class TestUnlisted:
    """Only routes that are not in the file are removed."""

    def test_removed(self, aws, built, do, routes):
        """A foreign route is removed with the paths that only it needs."""
        stack = built()
        do("apply", *stack.resources)
        before = routes(stack.api)
        _add(aws, stack.api, "/admin", "/orders/all")
        again = built()
        do("apply", *again.resources)
        assert routes(again.api) == before

    def test_method_of_a_kept_path(self, aws, built, do, routes):
        """A foreign method on a path in the file is removed; the path stays."""
        stack = built()
        do("apply", *stack.resources)
        before = routes(stack.api)
        aws.apigateway.put_method(
            restApiId=stack.api.id,
            resourceId=stack.paths["/orders"].id,
            httpMethod="DELETE",
            authorizationType="NONE",
        )
        plan(built().api, aws)
        do("apply", *built().resources)
        assert routes(stack.api) == before

    def test_vanished_from_the_file(self, built, do, routes):
        """A route removed from the file is deleted with its unused paths."""
        paths = ["GET /orders", "PUT /orders", "GET /orders/all", "GET /health"]
        kept = {"GET /orders": {"function": "hello"}}
        every = {"routes": dict.fromkeys(paths, kept["GET /orders"])}
        do("apply", *built(api=every).resources)
        stack = built(api={"routes": kept})
        do("apply", *stack.resources)
        assert routes(stack.api) == ({"GET /orders"}, {"/", "/orders"})

    def test_children_go_with_their_parent(self, aws, find, stubbed):
        """Of nested paths only the topmost is deleted: AWS deletes the rest."""
        api = find("rest api")
        paths = ["/", "/orders", "/old", "/old/one", "/old/one/two", "/orders/gone"]
        resources = {path: {"id": path, "path": path} for path in paths}
        api.live = {"id": "a1", "Resources": resources}
        gone = [{"restApiId": "a1", "resourceId": p} for p in ("/old", "/orders/gone")]
        with stubbed(
            aws.apigateway,
            ("delete_resource", None, {}),
            ("delete_resource", None, {}),
            ("get_rest_apis", None, {"items": []}),
        ):
            api.update(aws, {"UnlistedRoutes": Change(["GET /old"], [])})
        sent = [each for _, name, each in aws.session.calls if name == "DeleteResource"]
        assert sorted(sent, key=str) == sorted(gone, key=str)

    def test_plan_names_them(self, aws, built, do):
        """A plan shows the routes that would be removed."""
        stack = built()
        do("apply", *stack.resources)
        _add(aws, stack.api, "/admin")
        step = plan(built().api, aws)
        assert step.changes == {"UnlistedRoutes": Change(["GET /admin"], [])}


class TestFinding:
    """By the stack's tag, whatever the name is."""

    def test_two_of_ours(self, aws, find, do):
        """Two APIs with the stack's tag are an error that lists both."""
        api = find("rest api")
        do("apply", api)
        tags = {"cgw:stack": "shop"}
        other = aws.apigateway.create_rest_api(name="other", tags=tags)
        with pytest.raises(CgwError, match="2 REST APIs carry") as error:
            refresh(find("rest api"), aws)
        assert api.id in error.value.what
        assert other["id"] in error.value.what

    def test_renamed_in_the_file(self, aws, find, do):
        """After a name change in the file, the API is found by tag and renamed."""
        old = find("rest api")
        do("apply", old)
        routes = {"routes": {"GET /orders": {"function": "hello"}}}
        api = find("rest api", api={"name": "new-name"} | routes)
        assert plan(api, aws).changes == {"name": Change("shop", "new-name")}
        assert api.id == old.id

    def test_same_name_twice(self, aws, find, do):
        """A foreign API with the same name does not matter."""
        api = find("rest api")
        do("apply", api)
        aws.apigateway.create_rest_api(name="shop")
        assert plan(find("rest api"), aws).action is Action.KEEP


class TestExternal:
    """An API with an `id` in the file."""

    def test_is_left_alone(self, aws, built, do):
        """It is neither changed nor deleted, and nothing is created in it."""
        made = aws.apigateway.create_rest_api(name="theirs")["id"]
        routes = {"GET /orders": {"function": "hello"}}
        stack = built(api={"id": made, "routes": routes})
        do("apply", *[each for each in stack.resources if each is not stack.api])
        aws.session.calls.clear()
        assert do("apply", stack.api)[stack.api].word == "unchanged"
        assert destroy(stack.api, aws).word == "skipped"
        assert aws.writes == []
        kinds = {resource.kind for resource in stack.resources}
        assert not kinds & {"method", "resource", "stage", "deployment", "function"}


def test_tags(aws, find, stubbed):
    """Tags are restored by the API's ARN, which has no account number."""
    api = find("rest api")
    api.live = {"id": "a1"}
    tags = {"cgw:stack": "shop", "team": "payments"}
    with stubbed(
        aws.apigateway,
        ("tag_resource", {"resourceArn": f"{ARN}/a1", "tags": tags}, {}),
        ("get_rest_apis", None, {"items": []}),
    ):
        api.update(aws, {"tags.team": Change("theirs", "payments")})


def test_endpoint(aws, find, stubbed):
    """The endpoint's type is replaced in one call together with the name."""
    api = find("rest api")
    api.live = {"id": "a1", "endpointConfiguration": {"types": ["EDGE"]}}
    patch = [
        {"op": "replace", "path": "/name", "value": "shop"},
        {
            "op": "replace",
            "path": "/endpointConfiguration/types/EDGE",
            "value": "REGIONAL",
        },
    ]
    changes = {
        "name": Change("old", "shop"),
        "endpointConfiguration.types": Change(["EDGE"], ["REGIONAL"]),
    }
    with stubbed(
        aws.apigateway,
        ("update_rest_api", {"restApiId": "a1", "patchOperations": patch}, {}),
        ("get_rest_apis", None, {"items": []}),
    ):
        api.update(aws, changes)


def test_reads_do_not_grow_with_routes(aws, built, do):
    """A plan of many routes needs as many reads as a plan of few."""

    def reads(count):
        routes = {f"GET /r{n}": {"function": "hello"} for n in range(count)}
        do("apply", *built(api={"routes": routes}).resources)
        aws.session.calls.clear()
        do("plan", *built(api={"routes": routes}).resources)
        assert aws.writes == []
        return sorted(aws.calls)

    assert reads(2) == reads(12)
