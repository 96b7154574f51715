"""The API with real tokens, on a private local AWS."""

from __future__ import annotations

import pytest
from create_table import create_table

ADA, BOB = "ada@example.com", "bob@example.com"
TEA = {"product": "tea", "quantity": 2}


@pytest.fixture(scope="session")
def api(cgw_stack):
    """The deployed stack, with its table."""
    create_table(cgw_stack.boto3_session().client("dynamodb"), "orders-dev")
    return cgw_stack


def test_health_is_public(api):
    assert api.get("/health").json() == {"status": "ok"}


@pytest.mark.parametrize("path", ["/orders", "/orders/1", "/admin/orders", "/totals"])
def test_everything_else_needs_a_token(api, path):
    assert api.get(path).status_code == 401


def test_a_customer_sees_only_their_orders(api):
    placed = api.post("/orders", user=BOB, json=TEA)
    assert placed.status_code == 201
    path = f"/orders/{placed.json()['id']}"
    assert placed.json() in api.get("/orders", user=BOB).json()
    assert api.get(path, user=BOB).json() == placed.json()
    assert api.get(path, user=ADA).status_code == 404


@pytest.mark.parametrize("order", [{}, TEA | {"quantity": 0}, TEA | {"product": ""}])
def test_a_bad_order_is_refused(api, order):
    assert api.post("/orders", user=BOB, json=order).status_code == 400


def test_only_admins_see_all_orders(api):
    api.post("/orders", user=BOB, json=TEA)
    assert api.get("/admin/orders", user=BOB).status_code == 403
    orders = api.get("/admin/orders", user=ADA).json()
    assert TEA.items() <= orders[0].items()


def test_only_the_machine_reads_the_totals(api):
    before = api.get("/totals", app_client="reports").json().get("tea", 0)
    api.post("/orders", user=ADA, json=TEA)
    assert api.get("/totals", app_client="reports").json()["tea"] == before + 2
    assert api.get("/totals", token=api.token(ADA)).status_code == 401


def test_the_page_may_read_the_answers(api):
    answer = api.get("/orders", user=BOB, headers={"Origin": "http://localhost:8000"})
    assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:8000"
