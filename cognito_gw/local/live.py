"""The two control-plane operations that run a function, and so cannot wait for moto."""

from __future__ import annotations

import asyncio
import base64
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

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
        arn, payload = _function_arn(call), call.get("Payload") or b"{}"
        match call.get("InvocationType"):
            case "DryRun":
                return {"StatusCode": HTTPStatus.NO_CONTENT}
            case "Event":
                task = asyncio.create_task(self._functions.invoke(arn, payload))
                self._later.add(task)
                task.add_done_callback(self._later.discard)
                return {"StatusCode": HTTPStatus.ACCEPTED}
        return await self._wait(arn, payload, with_log=call.get("LogType") == "Tail")

    async def _wait(
        self, arn: str, payload: bytes, *, with_log: bool
    ) -> dict[str, Any]:
        done = await self._functions.invoke(arn, payload)
        answer = {
            "StatusCode": HTTPStatus.OK,
            "ExecutedVersion": "$LATEST",
            "Payload": done.payload,
        }
        if done.error:
            answer["FunctionError"] = "Unhandled"
        if with_log:
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
        answer: dict[str, Any] = await self._gateway.test_invoke(
            snapshot, call["resourceId"], call["httpMethod"], call.params
        )
        return answer
