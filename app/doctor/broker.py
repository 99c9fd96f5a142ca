"""The broker: which one, does it answer, and do its messages survive its restart."""

from collections.abc import Sequence
from pathlib import Path

from app.broker import BrokerError, broker_facts
from app.doctor.findings import Finding, first_line
from app.embedded.broker_binary import OLDEST, SERVERS, find_broker
from app.embedded.faults import CannotServe
from app.embedded.places import read_state
from app.settings import Settings


def look_at_broker(settings: Settings) -> Sequence[Finding]:
    """The broker that the settings name, else that of the service that runs on this data folder, else the binary."""
    if settings.broker_url is not None:
        return [_answer(settings.broker_url, "start the broker, or correct OCTET_BROKER_URL")]
    folder = read_state(settings.data_dir).get("socket_folder")
    if isinstance(folder, str) and (address := Path(folder) / "broker.sock").exists():
        return [
            _answer(f"redis+socket://{address}", f"see {settings.data_dir / 'broker.log'}, or start octet serve again")
        ]
    try:
        binary = find_broker()
    except CannotServe as fault:
        return [Finding("broker", "fail", "OCTET_BROKER_URL is not set, and no server was found", str(fault))]
    return [Finding("broker", "ok", f"octet serve starts its own, {binary}")]


def _answer(url: str, mend: str) -> Finding:
    try:
        found = broker_facts(url)
    except BrokerError as error:
        return Finding("broker", "fail", f"no answer: {first_line(error)}", mend)
    waiting = ", ".join(f"{queue} {count}" for queue, count in found.waiting.items())
    said = f"{found.server}; messages that wait: {waiting}"
    if found.version < OLDEST and found.server.startswith("Redis"):
        oldest = ".".join(map(str, OLDEST))
        return Finding("broker", "fail", said, f"use {' or '.join(SERVERS)} {oldest} or newer")
    if not found.persistent:
        todo = (
            "set appendonly yes; without it a restart loses messages, and runs wait for the reaper to send them again"
        )
        return Finding("broker", "warn", f"{said}; keeps nothing over a restart", todo)
    if found.eviction != "noeviction":
        todo = "set maxmemory-policy noeviction: a queue is not a cache"
        return Finding("broker", "warn", f"{said}; drops keys when it is full ({found.eviction})", todo)
    return Finding("broker", "ok", said)
