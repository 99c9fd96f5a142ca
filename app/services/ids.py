"""Names that we give: random ids, and digests of JSON."""

import hashlib
import json
import secrets


def new_id() -> str:
    """16 hexadecimal digits nobody can guess."""
    return secrets.token_hex(8)


def fingerprint(value: object) -> str:
    """SHA-256 (hex) of a JSON value in one canonical spelling: the order of keys and white space do not count."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
