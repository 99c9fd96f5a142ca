"""Routes of data sets: upload, list, read, remove."""

from typing import Annotated

import anyio
import anyio.to_thread
from fastapi import APIRouter, Query
from fastapi import Path as PathParameter
from starlette.requests import Request
from starlette.responses import Response

from app.api.body import refuse_declared
from app.api.context import PartsOf, context_of
from app.api.multipart import read_form
from app.api.parameters import KNOWN_ALONE, After
from app.api.rendering import json_of
from app.api.root import rooted
from app.api.schemas.datasets import UPLOAD_BODY, Dataset, Datasets
from app.api.schemas.problem import problems
from app.api.upload import collecting
from app.services.datasets import read
from app.services.datasets.create import create_dataset
from app.services.datasets.incoming import UPLOAD, work_folder
from app.services.datasets.remove import remove_dataset
from app.services.datasets.view import DatasetView

router = APIRouter(tags=["datasets"], dependencies=[KNOWN_ALONE])

DatasetId = Annotated[str, PathParameter(description="Id of a data set.")]


@router.post(
    "/datasets",
    summary="Upload a data set",
    status_code=201,
    response_model=Dataset,
    responses={
        200: {"model": Dataset, "description": "The same name with the same content exists; this is it."},
        **problems(409, 413, 415, 507),
    },
    openapi_extra={"requestBody": UPLOAD_BODY},
)
async def upload_dataset(request: Request, parts: PartsOf) -> Response:
    """Labels and files, written to disk as they arrive; what is left of an upload that breaks off is removed."""
    watch, limits = context_of(request).refuse_when_stopping, parts.settings.limits
    coming = refuse_declared(request, limit_bytes=limits.upload_max_bytes)
    folder = await anyio.to_thread.run_sync(work_folder, parts.settings.incoming_dir, UPLOAD)
    try:
        with collecting(folder.path, limits.disk_reserve_bytes, coming) as form:
            await read_form(request, form.open_part, limit_bytes=limits.upload_max_bytes)
        dataset, created = await anyio.to_thread.run_sync(create_dataset, parts, form.upload(), watch)
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(folder.remove)
    return json_of(Dataset, dataset, 201 if created else 200, {"location": rooted(f"/datasets/{dataset.id}")})


@router.get("/datasets", summary="List data sets", response_model=Datasets, responses=problems(422))
def list_datasets(
    parts: PartsOf,
    after: After | None = None,
    limit: Annotated[int, Query(ge=1, le=read.MAX_LIMIT)] = 100,
) -> read.DatasetPage:
    """The newest first."""
    return read.list_datasets(parts, after=after, limit=limit)


@router.get("/datasets/{dataset_id}", summary="Read a data set", response_model=Dataset, responses=problems(404))
def get_dataset(parts: PartsOf, dataset_id: DatasetId) -> DatasetView:
    """Classes, lengths, counts and problems."""
    return read.get_dataset(parts, dataset_id)


@router.delete(
    "/datasets/{dataset_id}",
    summary="Remove a data set",
    status_code=204,
    response_class=Response,
    responses=problems(404, 409),
)
def delete_dataset(parts: PartsOf, dataset_id: DatasetId) -> Response:
    """With its files; runs that ended keep their results."""
    remove_dataset(parts, dataset_id)
    return Response(status_code=204)
