"""Pages for people: what a problem type means, how to mend it, how one reads; and the list of them all."""

import html
import json

from app.api.problems import Rule, problem_body
from app.api.root import rooted

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:44em;margin:3em auto;padding:0 1em}code,pre{background:#8882}"
    "pre{padding:1em;overflow:auto}dt{font-weight:bold;margin-top:1em}dd{margin-left:0}"
)


def example_of(rule: Rule) -> dict[str, object]:
    """A problem of this type, as an answer carries it."""
    example = rule.example
    return problem_body(rule, example.detail, example.faults, rooted("/..."), "6b4170d6c9684d968c474953629d5401")


def rule_as_json(rule: Rule) -> dict[str, object]:
    """What the page of a problem type says, for programs."""
    return {
        "type": rooted(f"/problems/{rule.slug}"),
        "title": rule.title,
        "status": rule.status,
        "cause": rule.meaning,
        "mend": rule.mend,
        "example": example_of(rule),
    }


def rule_page(rule: Rule) -> str:
    """One problem type."""
    shown = json.dumps(example_of(rule), indent=2, ensure_ascii=False)
    return _page(
        rule.title,
        f"<p>HTTP status <strong>{rule.status}</strong>, type <code>{html.escape(rooted(f'/problems/{rule.slug}'))}"
        f"</code></p><dl><dt>Cause</dt><dd>{html.escape(rule.meaning)}</dd>"
        f"<dt>Mend</dt><dd>{html.escape(rule.mend)}</dd>"
        f"<dt>Example</dt><dd><pre>{html.escape(shown)}</pre></dd></dl>"
        "<p>The member <code>detail</code> of the answer says what was wrong this time; <code>errors</code> lists "
        "every fault with its place; <code>request_id</code> finds the server's log.</p>"
        f'<p><a href="{rooted("/problems")}">All problem types</a></p>',
    )


def rules_page(rules: list[Rule]) -> str:
    """All problem types."""
    rows = "".join(
        f'<li><a href="{rooted(f"/problems/{html.escape(rule.slug)}")}">{html.escape(rule.title)}</a> '
        f"({rule.status}): {html.escape(rule.mend)}</li>"
        for rule in rules
    )
    return _page("Problem types of Octet", f"<ul>{rows}</ul>")


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{STYLE}</style></head><body><h1>{html.escape(title)}</h1>{body}</body></html>"
    )
