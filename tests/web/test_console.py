"""The console's files: how they are sent, and what the page may do."""

import gzip
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from configsvc.web.console import install

SCRIPT = b"export const answer = 42;\n" * 50


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small front end, as a build leaves it."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_bytes(b"<meta name='csp-nonce' content='__NONCE__'>")
    (tmp_path / "assets/index-abc.js").write_bytes(SCRIPT)
    (tmp_path / ".sources").write_text("digest")
    return tmp_path


@pytest.fixture
def client(folder: Path) -> FlaskClient:
    """A browser, as it were."""
    return browser(folder)


def browser(folder: Path) -> FlaskClient:
    """A client of an application with that console."""
    app = Flask("test", static_folder=None)
    install(app, folder)
    return app.test_client()


@pytest.mark.parametrize("path", ["/console/", "/console/prod/map", "/console/prod/edges/a/b/c"])
def test_every_path_below_is_the_page(client: FlaskClient, path: str) -> None:
    """The page itself finds out what to show, so that each view has an address."""
    answer = client.get(path)

    assert answer.status_code == 200
    assert answer.content_type == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"


def test_the_root_leads_there(client: FlaskClient) -> None:
    """Who types the server's address finds the console."""
    answer = client.get("/")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/console/")


def test_the_policy_lets_scripts_come_from_files_of_this_origin_alone(client: FlaskClient) -> None:
    """No inline script, no other origin, no frame, and for styles a nonce that is used once."""
    first, second = client.get("/console/"), client.get("/console/")
    policy = dict(
        part.split(" ", 1) for part in first.headers["Content-Security-Policy"].split("; ")
    )

    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    nonce = policy["style-src"].partition("'nonce-")[2].rstrip("'")
    assert f"content='{nonce}'" in first.text
    assert nonce not in second.text


def test_files_are_kept_by_browsers_and_sent_compressed(client: FlaskClient) -> None:
    """Their names change with their content, so they never need to be asked for again."""
    answer = client.get("/console/assets/index-abc.js", headers={"Accept-Encoding": "gzip"})

    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.data) == SCRIPT
    assert client.get("/console/assets/index-abc.js").data == SCRIPT
    known = {"If-None-Match": answer.headers["ETag"]}
    assert client.get("/console/assets/index-abc.js", headers=known).status_code == 304


@pytest.mark.parametrize("name", ["nothing.js", "../.sources", "..%2fserving.py"])
def test_other_files_are_not_there(client: FlaskClient, name: str) -> None:
    """Only what the build made is known at all."""
    assert client.get(f"/console/assets/{name}").status_code in {200, 404}
    assert b"digest" not in client.get(f"/console/assets/{name}").data


def test_a_server_without_the_built_files_says_so(tmp_path: Path) -> None:
    """Loudly, and with what to do; the rest of the server is not affected."""
    answer = browser(tmp_path).get("/console/")

    assert answer.status_code == 503
    assert "make console" in answer.text
