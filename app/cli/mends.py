"""What to do about a refusal: the mend that the page of its problem type has, asked of the service that refused."""

from octet import Client, OctetError, Refused

ANSWER_S = 3.0
"""A command that has failed shall not wait long for advice."""


def mend_of(refused: Refused) -> str:
    """The mend; '' where the answer was no problem of Octet's, or the service does not tell."""
    if not refused.rule:
        return ""
    try:
        with Client(timeout_s=ANSWER_S) as client:
            return str(client.problem_type(refused.rule).get("mend", ""))
    except (OctetError, ValueError, AttributeError):  # whatever else answers at that address
        return ""
