"""Log lines are JSON objects that carry their fields, and exceptions too."""

import json
import logging

from app.telemetry import JsonLines


def line_of(record: logging.LogRecord) -> dict[str, object]:
    text = JsonLines().format(record)
    assert "\n" not in text
    return json.loads(text)


def record(message: str, *args: object, exc_info: object = None) -> logging.LogRecord:
    return logging.LogRecord("octet.test", logging.WARNING, __file__, 1, message, args, exc_info)


def test_a_line_has_time_level_logger_message_and_fields():
    made = record("run %s", "r1")
    made.fields = {"run": "r1", "path": made}
    line = line_of(made)
    assert (line["level"], line["logger"], line["message"], line["run"]) == ("warning", "octet.test", "run r1", "r1")
    assert str(line["time"]).endswith("+00:00")


def test_an_exception_is_one_line_too():
    try:
        raise ValueError("two\nlines")
    except ValueError as error:
        made = record("failed", exc_info=(type(error), error, error.__traceback__))
    assert "ValueError: two\nlines" in line_of(made)["exception"]
