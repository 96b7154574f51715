"""A diagnosis as text, and the URLs that users can ask about."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from diagnosis.call import Call, access
from diagnosis.cases.everything import CALLS, diagnosed
from diagnosis.world import API, REGION
from fakes import refusal

from cognito_gw.app.api_client import ApiClient, Credential
from cognito_gw.app.context import Context, Options
from cognito_gw.app.explain import at_address
from cognito_gw.cli.call import show_causes, show_rest
from cognito_gw.config.model import Config
from cognito_gw.diagnosis.exchange import Answer, Target
from cognito_gw.diagnosis.rule import Cause, Diagnosis


def test_a_cause_is_shown_with_its_evidence_and_its_fix(capsys):
    """One value per line."""
    evidence = {"authorizer reads": "X-Auth", "sent in": None, "times": 2}
    show_causes([Cause("wrong-header", "it is so", evidence, "mend it")])
    assert capsys.readouterr().out.splitlines() == [
        "  wrong-header: it is so",
        "    authorizer reads            X-Auth",
        "    sent in                     none",
        "    times                       2",
        "    fix: mend it",
    ]
    show_causes([Cause("a", "b", {}, "c")], err=True)
    assert capsys.readouterr() == ("", "  a: b\n    fix: c\n")


def test_control_characters_are_escaped(capsys):
    """It may come from a token, a log or a name."""
    evil = "\x1b]0;owned\x07\x1b[2J"
    show_causes([Cause("a", evil, {"kid": evil}, evil)])
    unknown = [{"what": "the log", "why": evil, "codes": ["b"]}]
    show_rest(Diagnosis(unknown=unknown), in_full=False)
    assert "\x1b" not in capsys.readouterr().out


def test_what_was_ruled_out_is_shown_where_it_is_asked_for(capsys):
    """Unknown facts are always shown, with the causes they may hide."""
    diagnosis = Call(
        answers={"get_export": refusal("AccessDeniedException")}
    ).diagnosed()
    show_rest(diagnosis, in_full=False)
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("  not known: what the stage serves: the caller may not do")
    assert second.startswith("    so it may also be: authorizer-not-deployed")
    show_rest(diagnosis, in_full=True)
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2:] == [first, second]
    assert lines[:-2] == [f"    {cause['why']}" for cause in diagnosis.ruled_out]


@pytest.mark.parametrize("name", CALLS)
def test_every_case_can_be_shown(name, capsys):
    """Each cause with its code."""
    causes = diagnosed(name)[0].causes
    show_causes(causes)
    shown = capsys.readouterr().out
    assert [f"  {cause.code}: " in shown for cause in causes] == [True] * len(causes)


AT_AWS = f"https://{API}.execute-api.{REGION}.amazonaws.com"


@pytest.mark.parametrize(
    ("url", "found"),
    [
        (f"{AT_AWS}/dev/things/7?a=b", (API, "dev", REGION, "/things/7?a=b")),
        (f"{AT_AWS}/dev/things#top", (API, "dev", REGION, "/things")),
        (f"{AT_AWS}:443/dev/a", (API, "dev", REGION, "/a")),
        (f"{AT_AWS}/dev/a".removeprefix("https://"), (API, "dev", REGION, "/a")),
        (f"{AT_AWS}/dev", (API, "dev", REGION, "/")),
        (f"{AT_AWS}/dev/", (API, "dev", REGION, "/")),
        (f"{AT_AWS}/dev?a=b", (API, "dev", REGION, "?a=b")),
        (f"{AT_AWS}.cn/dev/a", (API, "dev", REGION, "/a")),
        *(
            (f"https://{API}.execute-api.r-1.{suffix}/dev/a", (API, "dev", "r-1", "/a"))
            for suffix in ("amazonaws.eu", "c2s.ic.gov", "sc2s.sgov.gov", "api.aws")
        ),
        (f"https://{API}.execute-api.r-1.c2s.ic.gov.example.com/dev/a", None),
        (f"{AT_AWS}/", None),
        (f"{AT_AWS}.example.com/dev/things", None),
        (f"https://example.com/?u={AT_AWS}/dev/things", None),
        (f"http://{API}.execute-api.{REGION}.amazonaws.com/dev/a", None),
        (
            f"http://127.0.0.1:4566/_aws/execute-api/{API}/dev/a",
            (API, "dev", None, "/a"),
        ),
        (f"http://localhost/_aws/execute-api/{API}", None),
    ],
)
def test_the_address_of_a_call_names_it(url, found, monkeypatch, tmp_path):
    """Text that only resembles a URL does not."""
    monkeypatch.chdir(tmp_path)  # in a folder without a file
    session = Context(Options(local="127.0.0.1" in url))
    parsed = at_address(session, url)
    if found is None:
        assert parsed is None
        return
    named, path = parsed
    region = named.context.options.region
    assert (named.api_id, named.name, region, path) == found


def calling(world):
    """Return a client for an API without a file."""
    session = SimpleNamespace(
        aws=world,
        given="an API that is named",
        ui=SimpleNamespace(trace=world.told.append),
        is_local=False,
        config=Config(name="a"),
        endpoints={"issuer": "http://127.0.0.1:1/none"},
    )
    return ApiClient(session, Target(API, "dev", "http://127.0.0.1:1"))


def asked(call):
    """Return the request as the command line builds it."""
    return SimpleNamespace(
        verb=call.verb,
        path=call.path,
        headers=[],
        whole_path=f"{call.path}?page=2",
    )


def test_a_token_goes_where_the_authorizer_of_another_api_reads_it():
    """The stage shows the header."""
    call = Call(live=CALLS["authorizers: another app client"][2].live)
    sent = calling(call.world()).sent(asked(call), Credential("given", "a.b.c"))
    assert sent.headers == (("Authorization", "a.b.c"),)
    assert sent.path == "/transactions?page=2"


def test_an_answer_of_the_functions_own_is_noted_as_such():
    """If there is nothing else to report."""
    call = Call(access(scope="transactions/write"), verb="POST")
    here = calling(call.world())
    note = here.explained(call.sent, Answer(403)).note
    assert "comes from the function" in note
    assert here.explained(call.sent, Answer(200)).note is None


def test_facts_are_read_once_for_sending_and_explaining():
    """The stage is the same."""
    call = Call()
    world = call.world()
    here = calling(world)
    sent = here.sent(asked(call), Credential("given", call.token))
    here.explained(sent, call.answer)
    assert world.repeated == []
