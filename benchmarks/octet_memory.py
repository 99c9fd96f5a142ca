"""Rows of benchmarks.memory for Octet's own model: sizes, views, lengths, batches."""

from typing import Any

from models.config import RunConfig, load_config
from models.config.octet import SIZES

TEXT: dict[str, Any] = {
    "size": "tiny", "views": ["bytes", "ngrams", "statistics"], "members": 1, "stride": 4, "batch": 64, "length": 1024,
    "threads": 1,
}  # fmt: skip
WAVE: dict[str, Any] = {**TEXT, "views": ["wave", "statistics"], "batch": 16, "length": 8192}
RASTER: dict[str, Any] = {**TEXT, "views": ["raster", "statistics"], "length": 800, "raster": {"period": 28}}
FLOATS: dict[str, Any] = {"length": 120, "numbers": [{"at": 0, "reading": "f32le", "count": 30}]}

OCTET_ROWS: dict[str, dict[str, Any]] = {
    "octet": TEXT,
    "octet, 2 threads": {**TEXT, "batch": 16, "threads": 2},
    "octet, nano": {**TEXT, "size": "nano"},
    "octet, batch 8": {**TEXT, "batch": 8},
    "octet, small, batch 16": {**TEXT, "size": "small", "batch": 16},
    "octet, base, batch 2": {**TEXT, "size": "base", "batch": 2},
    "octet, 2 members": {**TEXT, "batch": 32, "members": 2},
    "octet, 4 members of short files": {**TEXT, "batch": 32, "members": 4, "length": 96, "stride": 1},
    "octet, short files": {**TEXT, "length": 100, "stride": 1},
    "octet, 500 B, stride 2": {**TEXT, "length": 500, "stride": 2},
    "octet, 4 KiB, stride 8": {**TEXT, "length": 4096, "stride": 8, "batch": 16},
    "octet, 16 KiB, stride 16": {**TEXT, "length": 16_384, "stride": 16, "batch": 4},
    "octet, n-grams": {**TEXT, "views": ["ngrams"]},
    "octet, bytes": {**TEXT, "views": ["bytes"], "batch": 32},
    "octet, accumulation": {**TEXT, "batch": 8, "accumulation": 2},
    "octet, wave": WAVE,
    "octet, wave, batch 64": {**WAVE, "batch": 64},
    "octet, wave, u8, small": {**WAVE, "size": "small", "wave": {"reading": "u8"}},
    "octet, raster": RASTER,
    "octet, raster, nano, grid": {**RASTER, "size": "nano", "raster": {"period": 28, "grid": True}},
    "octet, raster, records": {**RASTER, "raster": {"period": 24}, "length": 2400, "batch": 32},
    "octet, raster, pixels": {**RASTER, "raster": {"period": 384, "unit": 3}, "length": 8192, "batch": 16},
    "octet, fields": {**TEXT, "views": ["fields", "statistics"], "length": 120, "fields": FLOATS},
    "octet, fields of tables": {
        **TEXT, "views": ["fields", "statistics"], "length": 4096, "fields": {"length": 32, "offset": 10},
    },
    "octet, fields of 1,000 bytes": {**TEXT, "views": ["fields"], "length": 1000, "fields": {"length": 1000}},
    "octet, every view": {
        **TEXT, "views": ["bytes", "ngrams", "statistics", "wave", "raster", "fields"], "batch": 16,
        "raster": {"period": 64},
    },
}  # fmt: skip


def octet_config(row: dict[str, Any]) -> RunConfig:
    """The config of a row."""
    octet = {key: row[key] for key in ("size", "views", "members", "stride")}
    octet |= {
        "ngram_bits": row.get("bits", SIZES[row["size"]].bits),
        "wave": row.get("wave", {"reading": "i16le"}),
        "raster": row.get("raster", {"period": 28}),
        "fields": row.get("fields", {"length": 64}),
    }
    return load_config(
        {
            "dataset": "noise",
            "globals": {
                "basic_experiment": {"batch_size": row["batch"], "valid_size": row.get("valid", row["batch"])},
                "optimization": {"gradient_accumulation_steps": row.get("accumulation")},
            },
            "input": {
                "input_info": {"input_source": "noise"},
                "input_type_info": {"max_length": row["length"]},
                "model_config": {"model_type": "octet", "octet": octet | {"wide": row.get("wide", False)}},
            },
            "output": {"output_type_info": {"target_cat_columns": ["kind"]}},
        }
    )
