"""What Prometheus reads is explained, and the rules that come with it ask for what is there."""

import re
from pathlib import Path

import yaml
from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).resolve().parents[3]
NAME = re.compile(r"\b(?:octet|process)_[a-z_]+[a-z]")


def names(client) -> set[str]:
    """Every sample and family that a scrape has."""
    families = list(text_string_to_metric_families(client.get("/metrics").text))
    return {family.name for family in families} | {sample.name for family in families for sample in family.samples}


def test_every_number_stands_in_the_monitoring_guide_and_every_one_there_is_scraped(client):
    client.post("/predict", content=b"counted")
    guide = (ROOT / "docs/guides/monitoring.md").read_text()
    rows = [line.split("|")[1] for line in guide.splitlines() if line.startswith("| `octet_")]
    told = {name.removesuffix("_total") for row in rows for name in NAME.findall(row.replace("serving_*", ""))}
    scraped = {name for name in names(client) if name.startswith("octet_")}
    families = {
        re.sub(r"_(total|created|bucket|sum|count)$", "", name)
        for name in scraped
        if not name.startswith("octet_serving_")
    }
    assert told - {"octet"} == (families - {"octet_app"}) | {"octet_app_info"}


def test_the_rules_that_come_with_it_ask_for_numbers_that_are_there(client):
    groups = yaml.safe_load((ROOT / "docs/alerts.yml").read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) >= 5
    there = names(client)
    for rule in rules:
        assert set(NAME.findall(rule["expr"])) <= there, rule["alert"]
        assert rule["annotations"]["summary"]
