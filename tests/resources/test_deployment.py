"""Deployments: created exactly when callers would notice a difference."""

from __future__ import annotations

import pytest

from cognito_gw.engine.resource import KNOWN_AFTER_APPLY, Action
from cognito_gw.errors import Missing

ROUTES = {"GET /orders": {"function": "hello"}, "GET /health": {"function": "hello"}}


@pytest.fixture
def up(aws, built, do):
    """Return a function that runs `up` and returns whether it deployed."""

    def run(**sections):
        stack = built(**sections)
        aws.session.calls.clear()
        steps = do("apply", *stack.resources)
        assert [step.error for step in steps.values() if step.error] == []
        return stack, aws.writes.count("CreateDeployment")

    return run


@pytest.fixture
def deployed(standing):
    """A stack after `up`."""
    return standing()


def _served(aws, stack):
    stage = aws.apigateway.get_stage(restApiId=stack.api.id, stageName="dev")
    return stage["deploymentId"]


class TestMadeWhenNeeded:
    """Exactly when the API that a deployment freezes differs."""

    def test_first(self, up):
        """A new API is deployed once."""
        assert up()[1] == 1

    def test_not_again(self, deployed, aws, up):
        """An API equal to its deployed version is not deployed again."""
        before = _served(aws, deployed)
        assert up()[1] == 0
        assert _served(aws, deployed) == before

    @pytest.mark.parametrize(
        "sections",
        [
            {"api": {"routes": ROUTES, "cors": {"origins": ["*"]}}},
            {"api": {"routes": ROUTES | {"PUT /orders": {"function": "hello"}}}},
            {"api": {"routes": {"GET /orders": {"function": "hello"}}}},
            {"api": {"routes": ROUTES, "authorizer": {"ttl": 5}}},
        ],
        ids=["CORS", "a new route", "a route less", "another TTL"],
    )
    def test_change_in_the_file(self, aws, standing, up, sections):
        """A change of the API in the file is deployed once, and served."""
        stack = standing(api={"routes": ROUTES})
        before = _served(aws, stack)
        assert up(**sections)[1] == 1
        assert _served(aws, stack) != before
        assert up(**sections)[1] == 0

    @pytest.mark.usefixtures("deployed")
    @pytest.mark.parametrize(
        "sections",
        [
            {"users": []},
            {"functions": {"hello": {"timeout": 9}, "ship": {}}},
        ],
        ids=["users", "functions"],
    )
    def test_change_of_what_is_not_frozen(self, up, sections):
        """A change outside of the API needs no deployment."""
        assert up(**sections)[1] == 0

    def test_edited_in_the_console(self, aws, deployed, up):
        """A console edit of a setting that the file does not mention is deployed."""
        aws.apigateway.put_gateway_response(
            restApiId=deployed.api.id, responseType="THROTTLED", statusCode="420"
        )
        before = _served(aws, deployed)
        assert up()[1] == 1
        assert _served(aws, deployed) != before
        assert up()[1] == 0

    def test_taken_back(self, aws, deployed, up):
        """A reverted change reuses the earlier deployment."""
        before = _served(aws, deployed)
        key = {"restApiId": deployed.api.id, "responseType": "THROTTLED"}
        aws.apigateway.put_gateway_response(**key, statusCode="420")
        up()
        assert _served(aws, deployed) != before
        aws.apigateway.delete_gateway_response(**key)
        assert up()[1] == 0
        assert _served(aws, deployed) == before

    def test_plan_agrees(self, aws, built, deployed, do):
        """A plan shows a deployment exactly when an apply creates one."""
        words = {"create": 0, "keep": 0}
        for response in (None, "THROTTLED"):
            if response:
                aws.apigateway.put_gateway_response(
                    restApiId=deployed.api.id, responseType=response, statusCode="420"
                )
            stack = built()
            words[do("plan", *stack.resources)[stack.deployment].word] += 1
        assert words == {"create": 1, "keep": 1}

    @pytest.mark.parametrize(
        "routes",
        [
            ROUTES | {"PUT /orders": {"function": "hello"}},
            {"GET /orders": {"function": "hello"}},
        ],
        ids=["a new route", "a route less"],
    )
    def test_plan_of_a_change(self, built, do, standing, routes):
        """A plan that changes the API shows a new deployment and stage."""
        standing(api={"routes": ROUTES})
        stack = built(api={"routes": routes})
        steps = do("plan", *stack.resources)
        assert steps[stack.deployment].word == "create"
        assert steps[stack.stage].changes["deploymentId"].after == KNOWN_AFTER_APPLY


class TestStage:
    """The stage serves the right deployment."""

    def test_pointed_elsewhere(self, aws, deployed, up):
        """A stage with another deployment is corrected without a new one."""
        before = _served(aws, deployed)
        other = aws.apigateway.create_deployment(restApiId=deployed.api.id)["id"]
        patch = [{"op": "replace", "path": "/deploymentId", "value": other}]
        aws.apigateway.update_stage(
            restApiId=deployed.api.id, stageName="dev", patchOperations=patch
        )
        assert up()[1] == 0
        assert _served(aws, deployed) == before

    def test_deleted(self, aws, deployed, up):
        """A deleted stage is created again, with the existing deployment."""
        before = _served(aws, deployed)
        aws.apigateway.delete_stage(restApiId=deployed.api.id, stageName="dev")
        assert up()[1] == 0
        assert _served(aws, deployed) == before

    def test_a_renamed_stage(self, aws, standing, up):
        """The new stage serves the same; the old one is deleted."""
        deployed = standing(api={"routes": ROUTES})
        before = _served(aws, deployed)
        assert up(api={"routes": ROUTES, "stage": "prod"})[1] == 0
        stages = aws.apigateway.get_stages(restApiId=deployed.api.id)["item"]
        served = {stage["stageName"]: stage["deploymentId"] for stage in stages}
        assert served == {"prod": before}

    def test_a_stage_of_ours_too_many(self, aws, deployed, up):
        """A stage with our tag that is not in the file is deleted."""
        stage = aws.apigateway.get_stage(restApiId=deployed.api.id, stageName="dev")
        aws.apigateway.create_stage(
            restApiId=deployed.api.id,
            stageName="old",
            deploymentId=stage["deploymentId"],
            tags=stage["tags"],
        )
        up()
        stages = aws.apigateway.get_stages(restApiId=deployed.api.id)["item"]
        assert [stage["stageName"] for stage in stages] == ["dev"]

    def test_foreign_stage(self, aws, deployed, up):
        """A stage that the file does not name is left alone."""
        aws.apigateway.create_stage(
            restApiId=deployed.api.id,
            stageName="theirs",
            deploymentId=_served(aws, deployed),
        )
        up()
        assert "DeleteStage" not in aws.writes
        stages = aws.apigateway.get_stages(restApiId=deployed.api.id)["item"]
        assert {stage["stageName"] for stage in stages} == {"dev", "theirs"}


class TestNeverOpen:
    """Nothing is deployed while a secured route is still open."""

    def test_refused(self, aws, built, do):
        """As in the tutorial, the methods exist before the authorizer."""
        stack = built(api={"routes": ROUTES})
        do("apply", *stack.paths.values(), *stack.functions.values())
        for method in stack.methods:
            method.live = method.create(aws)
        again = built(api={"routes": ROUTES})
        for part in (again.api, *again.paths.values(), *again.methods):
            part.live = part.observe(aws)
        with pytest.raises(Missing, match="GET /orders") as error:
            again.deployment.desired()
        assert error.value.exit_code == 3
        assert "cgw authorizer" in error.value.hint

    def test_public_routes_do_not_matter(self, built):
        """A public route does not prevent the deployment."""
        routes = {"GET /health": {"function": "hello", "auth": "none"}}
        stack = built(api={"routes": routes})
        stack.methods[0].live = {"authorizationType": "NONE"}
        assert stack.deployment.desired() == {}

    def test_made_open_behind_our_back(self, aws, deployed, built, do, refusing):
        """A method that cannot be secured prevents its API's deployment."""
        method = deployed.methods[0]
        key = {
            "restApiId": deployed.api.id,
            "resourceId": method.path.id,
            "httpMethod": method.verb,
        }
        aws.apigateway.delete_method(**key)
        aws.apigateway.put_method(**key, authorizationType="NONE")
        stack = built()
        with refusing(aws.apigateway, "UpdateMethod"):
            steps = do("apply", *stack.resources)
        assert steps[stack.methods[0]].action is Action.FAIL
        assert steps[stack.deployment].action is Action.SKIP
        assert _served(aws, deployed) == deployed.deployment.id
