"""Examples of requests and answers in the OpenAPI document, by operation; the tests send and check every one of them.

They tell one story: the data set `reviews`, a run on it, and the model `sentiment`.
"""

from typing import Any

from app.api.schemas.predictions import EXAMPLE as PREDICTION

DATASET_ID, RUN_ID, PREDICTION_ID = "9f86d081884c7d65", "2f6c0d9e4b7a1853", str(PREDICTION["id"])
"""Ids that stand for the ones of a reader's own service."""
_TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
_TIME, _DIGEST = "2026-11-25T04:05:06.789Z", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

PARAMETERS: dict[str, Any] = {
    "dataset_id": DATASET_ID,
    "run_id": RUN_ID,
    "prediction_id": PREDICTION_ID,
    "step": 12,
    "metric": "loss",
    "form": "svg",
    "name": "sentiment",
    "rule": "unknown-run",
}
"""Parts of a path."""

DATASET = {
    "id": DATASET_ID,
    "name": "reviews",
    "digest": _DIGEST,
    "files": 3,
    "bytes": 51,
    "lengths": {"min": 16, "median": 17, "p90": 18, "max": 18},
    "targets": {
        "Sentiment": {"type": "categorical", "labelled": 3, "missing": 0, "classes": {"Negative": 1, "Positive": 2}}
    },
    "ignored": [],
    "ignored_count": 0,
    "problems": [
        {
            "kind": "label_without_file",
            "id": "r3",
            "row": 5,
            "column": None,
            "detail": "row 5 of the labels names 'r3', but there is no such file",
        }
    ],
    "problem_counts": {"label_without_file": 1},
    "created": _TIME,
    "links": {"self": f"/datasets/{DATASET_ID}", "problems": f"/datasets/{DATASET_ID}/problems"},
}

_SUMMARY = {
    "id": RUN_ID,
    "name": "reviews",
    "status": "running",
    "dataset": "reviews",
    "dataset_id": DATASET_ID,
    "tags": ["first"],
    "progress": {"step": 12, "steps": 200, "epoch": 4.0, "eta_s": 31.5, "planned_steps": 200},
    "best": {"step": 12, "average": 0.82, "metrics": {"Sentiment": {"mcc": 0.82}}, "digest": _DIGEST},
    "max_runtime_s": 600.0,
    "used_s": 2.1,
    "attempt": 1,
    "failures": 0,
    "worker": "host:4242",
    "stopped": None,
    "error": None,
    "warnings": [],
    "trace_id": _TRACE_ID,
    "created": _TIME,
    "started": _TIME,
    "ended": None,
    "updated": _TIME,
    "links": {"self": f"/runs/{RUN_ID}", "metrics": f"/runs/{RUN_ID}/metrics", "pause": f"/runs/{RUN_ID}/pause"},
}
_CONFIG = {"globals": {"basic_experiment": {"batch_size": 8}}}
_REASONS = {"/globals/basic_experiment/batch_size": "3 files"}
RUN = {**_SUMMARY, "config": _CONFIG, "reasons": _REASONS, "config_notes": [], "plan": None, "last_cursor": 4}

_VERSION = {"version": 1, "run": RUN_ID, "step": 12, "digest": _DIGEST}
MODEL = {"name": "sentiment", **_VERSION, "versions": [{**_VERSION, "created": _TIME}]}

_PREDICTED = {
    "run": RUN_ID,
    "checkpoint": {"step": 12, "digest": _DIGEST},
    "bytes": 17,
    "read": 17,
    "unlike_training": {"score": 0.37, "flag": False},
    "outputs": {"output": {"Sentiment": {"label": "Positive", "probabilities": {"Negative": 0.1, "Positive": 0.9}}}},
}
_POINT = {
    "cursor": 1,
    "step": 12,
    "epoch": 4.0,
    "split": "valid",
    "target": "Sentiment",
    "name": "mcc",
    "value": 0.82,
    "time": _TIME,
}
_CHECKPOINT = {
    "step": 12,
    "kind": "best",
    "attempt": 1,
    "digest": _DIGEST,
    "size_bytes": 183_240,
    "average": 0.82,
    "metrics": {"Sentiment": {"mcc": 0.82}},
    "created": _TIME,
    "links": {"weights": f"/runs/{RUN_ID}/checkpoints/12/weights?kind=best"},
}
_ATTEMPT = {
    "attempt": 1,
    "worker": "host:4242",
    "started": _TIME,
    "ended": None,
    "reason": None,
    "resumed_from_step": None,
    "peak_memory_bytes": None,
}
_EVENT = {"cursor": 1, "kind": "queued", "data": {"attempt": 0, "trace_id": _TRACE_ID}, "time": _TIME}
_CHECKS = {"database": "ok", "tables": "ok", "broker": "ok", "disk": "ok"}
_COST = {
    "parameters": 45_570,
    "memory_bytes": 9_437_184,
    "memory_limit_bytes": None,
    "predict_memory_bytes": 1_048_576,
    "steps": 200,
    "checkpoint_bytes": 732_960,
    "seconds_per_step": None,
}

ANSWERS: dict[str, dict[int, Any]] = {
    "get_index": {200: {"name": "octet", "version": "0.1.0", "links": {"docs": "/docs", "runs": "/runs"}}},
    "is_live": {200: {"status": "live"}},
    "is_ready": {200: {"status": "ready", "checks": _CHECKS, "warnings": []}},
    "get_config_schema": {200: {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Octet run"}},
    "upload_dataset": {200: DATASET, 201: DATASET},
    "list_datasets": {200: {"datasets": [DATASET], "next": None}},
    "get_dataset": {200: DATASET},
    "list_problems": {200: {"problems": DATASET["problems"], "next": None, "count": 1}},
    "list_ignored": {200: {"ignored": ["d/.DS_Store"], "next": None, "count": 1}},
    "submit_run": {
        200: {"valid": True, "config": _CONFIG, "reasons": _REASONS, "config_notes": [], "estimate": _COST},
        202: RUN,
    },
    "list_runs": {200: {"runs": [_SUMMARY], "next": None}},
    "get_run": {200: RUN},
    "cancel_run": {202: {**RUN, "status": "cancelling"}},
    "pause_run": {202: {**RUN, "status": "pausing"}},
    "resume_run": {202: {**RUN, "status": "queued"}},
    "list_attempts": {200: {"attempts": [_ATTEMPT], "next": None}},
    "list_events": {200: {"events": [_EVENT], "next": 1}},
    "list_checkpoints": {200: {"checkpoints": [_CHECKPOINT]}},
    "list_points": {200: {"points": [_POINT], "next": 1}},
    "list_models": {200: {"models": [MODEL], "next": None}},
    "get_model": {200: MODEL},
    "promote_run": {200: MODEL},
    "roll_back": {200: MODEL},
    "predict": {200: _PREDICTED},
    "submit_prediction": {202: PREDICTION},
    "list_predictions": {200: {"predictions": [PREDICTION], "next": None}},
    "get_prediction": {200: PREDICTION},
    "cancel_prediction": {202: {**PREDICTION, "status": "cancelling", "result": None}},
}
"""Answers as JSON, by operation and status."""

_LABELS = "ID,Sentiment\nr0,Positive\nr1,Negative\nr2,Positive\n"
_FILES = ["good, very good", "bad, simply bad.", "a great evening"]
_INPUT = {"input_info": {"input_source": "reviews", "input_name": "text", "input_type": "bytes"}}
_OUTPUT = {
    "output_info": {"output_source": "reviews", "output_name": "output", "output_type": "tabular"},
    "output_type_info": {"target_cat_columns": ["Sentiment"]},
}

REQUESTS: dict[str, dict[str, dict[str, Any]]] = {
    "upload_dataset": {
        "multipart/form-data": {
            "files": {
                "summary": "A table of labels and the files themselves; IDs are the files' names without the ending.",
                "value": {"name": "reviews-of-three", "labels": _LABELS, "file": _FILES},
                "x-filenames": {"labels": ["labels.csv"], "file": ["r0.txt", "r1.txt", "r2.txt"]},
            },
            "folders": {
                "summary": "Classes by the folders of the files.",
                "value": {"name": "reviews-by-folder", "folder_labels": "Sentiment", "file": _FILES},
                "x-filenames": {"file": ["good/r0.txt", "bad/r1.txt", "good/r2.txt"]},
            },
        }
    },
    "submit_run": {
        "application/json": {
            "short": {"summary": "A few words.", "value": {"dataset": "reviews", "target": "Sentiment"}},
            "full": {
                "summary": "EIR's objects.",
                "value": {
                    "globals": {"basic_experiment": {"n_epochs": 2, "batch_size": 8}},
                    "input": _INPUT,
                    "output": _OUTPUT,
                },
            },
        }
    },
    "promote_run": {
        "application/json": {
            "best": {"summary": "The run's best checkpoint.", "value": {"run": RUN_ID}},
            "step": {"summary": "A checkpoint by its step.", "value": {"run": RUN_ID, "checkpoint": 12}},
        }
    },
    "submit_prediction": {
        "application/json": {
            "model": {"summary": "By a name.", "value": {"model": "sentiment", "dataset": "reviews"}},
            "run": {
                "summary": "By a checkpoint of a run.",
                "value": {"run": RUN_ID, "checkpoint": 12, "dataset": "reviews", "name": "once more"},
            },
        }
    },
    "predict": {
        "application/octet-stream": {"raw": {"summary": "The bytes of one file.", "value": "a good evening"}},
        "multipart/form-data": {
            "files": {
                "summary": "Several files.",
                "value": {"file": _FILES[:2]},
                "x-filenames": {"file": ["a.txt", "b.txt"]},
            }
        },
        "application/json": {
            "eir": {"summary": "EIR's form: the input's name to base64.", "value": [{"input": "YSBnb29kIGV2ZW5pbmc="}]}
        },
    },
}
"""Bodies by operation and content type. `x-filenames`: the file names of a form's parts, which OpenAPI cannot say."""
