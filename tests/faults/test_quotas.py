"""API Gateway's quotas: respected by a single client, and shared with other clients."""

from __future__ import annotations

from faults.quotas import Quotas
from faults.stacks import SMALL

ROUTES = "".join(f"    GET /r{number}: {{}}\n" for number in range(60))
LARGE = f"""
name: shop
region: eu-west-1
app_clients: {{web: {{}}}}
functions: {{hello: {{}}}}
api:
  routes:
{ROUTES}"""


def test_alone(cgw, clock, local, wire):
    """A large API is created and deleted without a refused call."""
    quotas = wire.carry = Quotas(clock)
    run = cgw.up(LARGE)
    assert run.errors == []
    assert local.inventory["paths"][-1] == "/r9"
    assert quotas.refusals == {}
    assert 14 < clock.now < 40, "180 calls at ten a second, and some at once"
    clock.sleep(5)
    assert cgw.down(LARGE).errors == []
    assert quotas.refusals == {}


def test_with_another(cgw, clock, local, wire):
    """With half of the quota in use elsewhere, the run is slower and says why."""
    quotas = wire.carry = Quotas(clock, share=0.5)
    run = cgw.up(LARGE)
    assert run.errors == []
    assert quotas.refusals != {}
    assert any("API Gateway throttles" in message for message in run.told)
    assert cgw.down(LARGE).errors == []
    assert local.inventory == {}


def test_again_at_once(cgw, clock, local, wire):
    """A second deletion of an API waits for the quota, and reports it."""
    wire.carry = Quotas(clock)
    for _ in range(2):
        assert cgw.up(SMALL).errors == []
        run = cgw.down(SMALL)
        assert run.errors == []
    assert local.inventory == {}
    assert any("throttles DeleteRestApi" in message for message in run.told)
