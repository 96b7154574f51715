"""The control-plane operations that are the data plane's work, and not moto's."""

from __future__ import annotations

import asyncio
import base64
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from cognito_gw.local.apigw.test_invoke import run_authorizer_test, run_method_test
from cognito_gw.local.corrections.apigateway.deployments import draft

if TYPE_CHECKING:
    from cognito_gw.local.apigw.gateway import Gateway
    from cognito_gw.local.control import ControlPlane
    from cognito_gw.local.corrections.call import Call
    from cognito_gw.local.runtime.functions import Functions


class Invoke:
    """Lambda's Invoke: waits, or (Event) runs the function later, or (DryRun) not."""

    def __init__(self, functions: Functions) -> None:
        """Run `functions`."""
        self._functions = functions
        self._later: set[asyncio.Task[Any]] = set()

    async def __call__(self, call: Call) -> dict[str, Any]:
        """Answer one call."""
        function_call = (
            _function_arn(call),
            call.get("Payload") or b"{}",
            call.get("ClientContext") or "",
        )
        match call.get("InvocationType"):
            case "DryRun":
                return {"StatusCode": HTTPStatus.NO_CONTENT}
            case "Event":
                task = asyncio.create_task(self._functions.invoke(*function_call))
                self._later.add(task)
                task.add_done_callback(self._later.discard)
                return {"StatusCode": HTTPStatus.ACCEPTED}
        done = await self._functions.invoke(*function_call)
        answer = {
            "StatusCode": HTTPStatus.OK,
            "ExecutedVersion": "$LATEST",
            "Payload": done.payload,
        }
        if done.error:
            answer["FunctionError"] = "Unhandled"
        if call.get("LogType") == "Tail":
            answer["LogResult"] = base64.b64encode(done.log_tail.encode()).decode()
        return answer


def _function_arn(call: Call) -> str:
    function = call.backend.get_function(call["FunctionName"], call.get("Qualifier"))
    return str(function.function_arn)


class TestInvokeMethod:
    """API Gateway's TestInvokeMethod: the draft, not the stage, answers."""

    __test__ = False  # its name, to pytest

    def __init__(self, gateway: Gateway, control: ControlPlane) -> None:
        """Send the test through the `gateway`."""
        self._gateway = gateway
        self._control = control

    async def __call__(self, call: Call) -> dict[str, Any]:
        """Answer one call."""
        snapshot = await self._control.run(draft, call)
        return await run_method_test(self._gateway, snapshot, call.params)


class TestInvokeAuthorizer:
    """API Gateway's TestInvokeAuthorizer: the draft's authorizer answers."""

    __test__ = False

    def __init__(self, gateway: Gateway, control: ControlPlane) -> None:
        """Ask the authorizer that the `gateway` would ask."""
        self._gateway = gateway
        self._control = control

    async def __call__(self, call: Call) -> dict[str, Any]:
        """Answer one call."""
        snapshot = await self._control.run(draft, call)
        return run_authorizer_test(self._gateway, snapshot, call.params)
