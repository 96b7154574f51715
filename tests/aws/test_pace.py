"""How long calls wait so that API Gateway refuses none of them."""

from __future__ import annotations

import pytest
from faults.quotas import RATES

from cognito_gw.aws.waits import Pace


@pytest.mark.parametrize("operation", RATES)
def test_a_call_waits_for_the_quota_of_its_operation(operation):
    """A burst is allowed; later calls wait for their turn."""
    rate, burst = RATES[operation]
    pace = Pace(lambda: 0.0)
    assert [pace.wait(operation) for _ in range(burst)] == [0.0] * burst
    assert pace.wait(operation) == pytest.approx(1 / rate)
