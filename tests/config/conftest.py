"""Files to load, and their problems."""

from __future__ import annotations

import pytest

from cognito_gw.config.load import BadConfig, load


@pytest.fixture
def file(tmp_path):
    return tmp_path / "cgw.yaml"


@pytest.fixture
def loaded(file):
    """Return a function that loads a text in an environment."""

    def run(text, **environment):
        file.write_text(text, encoding="utf-8")
        return load(file, environment)

    return run


@pytest.fixture
def complaints(loaded, file):
    """Return a function that lists a text's problems, each as `LINE: KEY: WHAT`."""

    def run(text, **environment):
        with pytest.raises(BadConfig) as error:
            loaded(text, **environment)
        head, *lines = str(error.value).splitlines()
        count = "a problem" if len(lines) == 1 else f"{len(lines)} problems"
        assert head == f"{file} has {count}:"
        assert all(line.startswith(f"  {file}:") for line in lines)
        return [line.removeprefix(f"  {file}:") for line in lines]

    return run
