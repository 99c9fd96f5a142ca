"""Which checkpoint answers is asked at most once a second, and once however many ask at the same time."""

import asyncio
import threading

import pytest

from app.errors import NotFound
from app.services.registry import Servable
from app.serving import servables
from app.serving.servables import Servables, Wanted


def servable(step: int) -> Servable:
    return Servable(run_id="r", step=step, digest=f"{step:064d}", key=f"runs/r/best-{step}.safetensors")


def test_many_at_once_ask_once():
    asked: list[Wanted] = []
    together = threading.Event()

    def resolve(wanted: Wanted) -> Servable:
        asked.append(wanted)
        assert together.wait(60)
        return servable(len(asked))

    async def main() -> list[Servable]:
        names = Servables(resolve)
        waiting = [asyncio.create_task(names.find(Wanted(run="r"))) for _ in range(5)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        together.set()
        return [await waiter for waiter in waiting[1:]] + [await names.find(Wanted(run="r"))]

    assert {found.step for found in asyncio.run(main())} == {1}
    assert asked == [Wanted(run="r")]


def test_after_its_time_the_newer_checkpoint_is_seen(monkeypatch):
    steps = iter((10, 20))

    async def main() -> list[int]:
        names = Servables(lambda wanted: servable(next(steps)))
        first = (await names.find(Wanted())).step
        monkeypatch.setattr(servables, "FRESH_S", 0.0)
        again = (await names.find(Wanted())).step
        names.forget(Wanted())
        return [first, again, (await names.find(Wanted())).step]

    assert asyncio.run(main()) == [10, 10, 20]


def test_a_refusal_is_not_remembered():
    answers: list[NotFound | Servable] = [NotFound("no run r"), servable(1)]

    def resolve(wanted: Wanted) -> Servable:
        answer = answers.pop(0)
        if isinstance(answer, NotFound):
            raise answer
        return answer

    async def main() -> int:
        names = Servables(resolve)
        with pytest.raises(NotFound):
            await names.find(Wanted(run="r"))
        return (await names.find(Wanted(run="r"))).step

    assert asyncio.run(main()) == 1
