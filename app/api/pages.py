"""Pages for people: what a problem type means, and the list of them all."""

import html

from app.api.problems import Rule

STYLE = "body{font:16px/1.5 system-ui,sans-serif;max-width:42em;margin:3em auto;padding:0 1em}code{background:#8882}"


def rule_page(rule: Rule) -> str:
    """One problem type."""
    return _page(
        rule.title,
        f"<p>HTTP status <strong>{rule.status}</strong>, type <code>/problems/{html.escape(rule.slug)}</code></p>"
        f"<p>{html.escape(rule.meaning)}</p>"
        "<p>The member <code>detail</code> of the answer says what was wrong this time and how to mend it; "
        "<code>errors</code> lists every fault with its place; <code>request_id</code> finds the server's log.</p>"
        '<p><a href="/problems">All problem types</a></p>',
    )


def rules_page(rules: list[Rule]) -> str:
    """All problem types."""
    rows = "".join(
        f'<li><a href="/problems/{html.escape(rule.slug)}">{html.escape(rule.title)}</a> ({rule.status})</li>'
        for rule in rules
    )
    return _page("Problem types of Octet", f"<ul>{rows}</ul>")


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{STYLE}</style></head><body><h1>{html.escape(title)}</h1>{body}</body></html>"
    )
