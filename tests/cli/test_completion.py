"""Shell completion: scripts for three shells; names come from the service, and nothing where there is none."""

import subprocess

import pytest

from tests.support.service import wait_for


def completed(desk, words, **environment):
    line = words.split(" ")
    asked = {"_OCTET_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(line) - 1)}
    done = desk.octet(**asked, **environment)
    assert (done.returncode, done.stderr) == (0, "")
    return {found.split(",")[1] for found in done.stdout.splitlines() if found}


def offered(desk, words):
    """What a Tab brings. A service that is busy for a second has nothing to offer, and Tab is pressed again."""
    return wait_for(lambda: completed(desk, words), 120, f"a completion of {words!r}")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_its_script(desk, shell):
    done = desk.octet("completion", shell)
    assert (done.returncode, "_OCTET_COMPLETE" in done.stdout) == (0, True), done.stderr


def test_bash_takes_the_script(desk):
    script = desk.octet("completion", "bash").stdout
    done = subprocess.run(["bash", "-c", script + "\ncomplete -p octet"], capture_output=True, text=True, timeout=60)
    assert "_octet_completion octet" in done.stdout


def test_the_script_of_zsh_turns_completion_on_where_it_is_off(desk):
    """Looked at with a real zsh and a bare ~/.zshrc: without it, `compdef` is no command."""
    first, second, *_ = desk.octet("completion", "zsh").stdout.splitlines()
    assert (first, "compinit" in second) == ("#compdef octet", True)


def test_commands_options_and_what_the_service_has_are_completed(desk, run_id, client):
    assert "curve" in completed(desk, "octet runs cu")
    assert "--dark" in completed(desk, "octet runs curve --da")
    assert run_id in offered(desk, "octet runs show ")
    assert offered(desk, f"octet runs show {run_id[:-1]}") == {run_id}
    assert run_id not in completed(desk, f"octet runs compare {run_id} ")
    assert "sides" in offered(desk, "octet datasets show si")
    client.models.promote("completed", run_id)
    assert offered(desk, "octet predict --model complet") == {"completed"}
    client.models.delete("completed")


def test_metrics_are_completed_behind_runs_and_of_the_newest_and_so_are_more_runs(desk, run_id, other_id, newest_id):
    behind_one = offered(desk, f"octet runs curve {run_id} ")
    assert {"loss", "acc", "mcc", other_id} <= behind_one
    assert run_id not in behind_one
    assert offered(desk, f"octet runs curve {run_id} {other_id} lo") == {"loss"}
    assert offered(desk, "octet runs curve mc") == {"mcc"}  # no run's id begins so
    assert offered(desk, f"octet runs curve {run_id} acc --target ") == {"side"}
    assert completed(desk, f"octet runs curve nosuch{run_id} ") == set()


def test_targets_are_completed_from_the_labels_and_from_the_data_set(desk, run_id):
    (desk.folder / "wide.csv").write_text("file;colour;size\n1;red;3\n")
    table = "octet train --folder sides --labels wide.csv --id-column file --target "
    assert completed(desk, table) == {"colour", "size"}
    assert completed(desk, f"{table}colour --target ") == {"size"}
    assert offered(desk, "octet train --dataset sides --target ") == {"side"}
    assert offered(desk, "octet config explain --dataset sides --target s") == {"side"}
    assert completed(desk, "octet train --folder sides --labels nosuch.csv --target ") == set()


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "nonsense"])
def test_without_a_service_nothing_is_completed_and_nothing_is_said(desk, url):
    assert completed(desk, "octet runs show ", OCTET_URL=url) == set()
