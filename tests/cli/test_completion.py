"""Shell completion: scripts for three shells; names come from the service, and nothing where there is none."""

import subprocess

import pytest


def completed(desk, words, **environment):
    line = words.split(" ")
    asked = {"_OCTET_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(line) - 1)}
    done = desk.octet(**asked, **environment)
    assert (done.returncode, done.stderr) == (0, "")
    return {found.split(",")[1] for found in done.stdout.splitlines() if found}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_its_script(desk, shell):
    done = desk.octet("completion", shell)
    assert (done.returncode, "_OCTET_COMPLETE" in done.stdout) == (0, True), done.stderr


def test_bash_takes_the_script(desk):
    script = desk.octet("completion", "bash").stdout
    done = subprocess.run(["bash", "-c", script + "\ncomplete -p octet"], capture_output=True, text=True, timeout=30)
    assert "_octet_completion octet" in done.stdout


def test_commands_options_and_what_the_service_has_are_completed(desk, run_id, client):
    assert "curve" in completed(desk, "octet runs cu")
    assert "--dark" in completed(desk, "octet runs curve --da")
    assert run_id in completed(desk, "octet runs show ")
    assert completed(desk, f"octet runs show {run_id[:-1]}") == {run_id}
    assert run_id not in completed(desk, f"octet runs compare {run_id} ")
    assert "sides" in completed(desk, "octet datasets show si")
    client.models.promote("completed", run_id)
    assert completed(desk, "octet predict --model complet") == {"completed"}
    client.models.delete("completed")


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "nonsense"])
def test_without_a_service_nothing_is_completed_and_nothing_is_said(desk, url):
    assert completed(desk, "octet runs show ", OCTET_URL=url) == set()
