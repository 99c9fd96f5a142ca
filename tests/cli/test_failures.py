"""A command that fails says it in words on stderr; with --json it leaves a document on stdout, too."""

import json

import pytest


def failed(done):
    """The error of the document, which the words on stderr go with."""
    assert done.stderr.startswith(("octet: ", "Usage: ")), done.stderr
    error = json.loads(done.stdout)["error"]
    assert error["exit_code"] == done.returncode
    return error


def test_what_the_service_refuses_is_its_problem_with_the_mend(desk, service):
    error = failed(desk.octet("runs", "show", "nosuch", "--json"))
    assert (error["exit_code"], error["status"], error["type"]) == (4, 404, "/problems/unknown-run")
    assert error["title"]
    assert "nosuch" in error["detail"]
    assert error["mend"]


def test_what_breaks_rules_names_every_place(desk, run_id):
    error = failed(desk.octet("config", "explain", "--dataset", "sides", "--target", "edge", "--json"))
    assert (error["exit_code"], error["status"]) == (2, 422)
    assert [fault["pointer"] for fault in error["errors"]] == ["/targets/0"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("runs", "list", "--json"), 3, "octet serve"),
        (("runs", "list", "--jsn", "--json"), 2, "--jsn"),
        (("runs", "compare", "one", "--json"), 2, "two or more"),
        (("backup", "there", "--data-dir", "nothing", "--json"), 1, "does not exist"),
    ],
)
def test_every_other_failure_says_what_is_wrong(desk, arguments, code, said):
    error = failed(desk.octet(*arguments, OCTET_URL="http://127.0.0.1:9"))
    assert (error["exit_code"], said in error["detail"]) == (code, True), error


def test_without_json_nothing_is_written_to_stdout(desk, service):
    done = desk.octet("runs", "show", "nosuch")
    assert (done.returncode, done.stdout) == (4, "")
